-- CreateTable
CREATE TABLE "server_bans" (
    "peer_id" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "name" TEXT,
    "banned_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "server_bans_pkey" PRIMARY KEY ("peer_id")
);

-- CreateTable
CREATE TABLE "drained_relays" (
    "relay_id" TEXT NOT NULL,
    "drained_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "drained_relays_pkey" PRIMARY KEY ("relay_id")
);
