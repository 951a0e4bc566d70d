-- AlterTable
ALTER TABLE "leases" ADD COLUMN     "departed_at" TIMESTAMPTZ(3);
