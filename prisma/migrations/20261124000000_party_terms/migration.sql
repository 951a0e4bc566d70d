-- AlterTable
ALTER TABLE "parties" ADD COLUMN     "discord_url" TEXT,
ADD COLUMN     "empty_since" TIMESTAMPTZ(3),
ADD COLUMN     "is_public" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "kept_number" INTEGER,
ADD COLUMN     "locked" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "owner_id" TEXT,
ADD COLUMN     "password_hash" TEXT;

-- AlterTable
ALTER TABLE "leases" ADD COLUMN     "departure" TEXT;

-- The creator of a party is whoever has its first address.
UPDATE "parties" SET "owner_id" = COALESCE(
    (SELECT "peer_id" FROM "leases" WHERE "party_id" = "parties"."id" AND "slot" = 0), "host_id");
ALTER TABLE "parties" ALTER COLUMN "owner_id" SET NOT NULL;

UPDATE "leases" SET "departure" = 'left'
WHERE NOT EXISTS (SELECT 1 FROM "members" WHERE "members"."party_id" = "leases"."party_id" AND "members"."peer_id" = "leases"."peer_id");

-- CreateTable
CREATE TABLE "bans" (
    "party_id" TEXT NOT NULL,
    "peer_id" TEXT NOT NULL,
    "name" TEXT,
    "banned_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "bans_pkey" PRIMARY KEY ("party_id","peer_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "parties_owner_id_kept_number_key" ON "parties"("owner_id", "kept_number");

-- CreateIndex
CREATE INDEX "parties_is_public_created_at_idx" ON "parties"("is_public", "created_at");

-- AddForeignKey
ALTER TABLE "bans" ADD CONSTRAINT "bans_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "parties"("id") ON DELETE CASCADE ON UPDATE CASCADE;
