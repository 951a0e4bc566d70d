-- AlterTable
ALTER TABLE "parties" ADD COLUMN     "state_version" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "state_entries" (
    "party_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "version" INTEGER NOT NULL,

    CONSTRAINT "state_entries_pkey" PRIMARY KEY ("party_id","key")
);

-- AddForeignKey
ALTER TABLE "state_entries" ADD CONSTRAINT "state_entries_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "parties"("id") ON DELETE CASCADE ON UPDATE CASCADE;
