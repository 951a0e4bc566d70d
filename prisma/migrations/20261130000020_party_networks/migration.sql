-- AlterTable
ALTER TABLE "parties" ADD COLUMN     "network" TEXT NOT NULL DEFAULT '10.66.0.0/16';
