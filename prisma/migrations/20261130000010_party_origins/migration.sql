-- AlterTable
ALTER TABLE "parties" ADD COLUMN     "origin" TEXT,
ADD COLUMN     "visited" BOOLEAN NOT NULL DEFAULT true;

-- CreateIndex
CREATE INDEX "parties_origin_idx" ON "parties"("origin");
