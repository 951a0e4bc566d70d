-- CreateTable
CREATE TABLE "parties" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "host_id" TEXT NOT NULL,
    "max_peers" INTEGER NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "parties_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "leases" (
    "party_id" TEXT NOT NULL,
    "peer_id" TEXT NOT NULL,
    "slot" INTEGER NOT NULL,

    CONSTRAINT "leases_pkey" PRIMARY KEY ("party_id","peer_id")
);

-- CreateTable
CREATE TABLE "members" (
    "peer_id" TEXT NOT NULL,
    "party_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "joined_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "members_pkey" PRIMARY KEY ("peer_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "leases_party_id_slot_key" ON "leases"("party_id", "slot");

-- CreateIndex
CREATE UNIQUE INDEX "members_party_id_peer_id_key" ON "members"("party_id", "peer_id");

-- AddForeignKey
ALTER TABLE "leases" ADD CONSTRAINT "leases_party_id_fkey" FOREIGN KEY ("party_id") REFERENCES "parties"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "members" ADD CONSTRAINT "members_party_id_peer_id_fkey" FOREIGN KEY ("party_id", "peer_id") REFERENCES "leases"("party_id", "peer_id") ON DELETE CASCADE ON UPDATE RESTRICT;

