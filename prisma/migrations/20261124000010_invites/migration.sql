-- AlterTable
ALTER TABLE "parties" ADD COLUMN     "sealed" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "members" ADD COLUMN     "voucher" TEXT;

-- CreateTable
CREATE TABLE "invites" (
    "party_id" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "secret_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "uses" INTEGER NOT NULL DEFAULT 0,
    "max_uses" INTEGER,

    CONSTRAINT "invites_pkey" PRIMARY KEY ("party_id","id")
);

-- CreateIndex
CREATE UNIQUE INDEX "invites_party_id_secret_hash_key" ON "invites"("party_id", "secret_hash");

-- AddForeignKey
ALTER TABLE "invites" ADD CONSTRAINT "invites_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "parties"("id") ON DELETE CASCADE ON UPDATE CASCADE;
