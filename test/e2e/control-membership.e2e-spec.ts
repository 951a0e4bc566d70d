/** The decisions about membership against a real database, with two processes' worth of hands in it. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicKeyOf } from '#shared/auth/proof';
import { peerIdOf, type PeerId } from '#shared/party/identity';
import { DEFAULT_NETWORK, SHARED_SLOTS } from '#shared/party/virtual-ip';
import type { PublicKey } from '#shared/wireguard/key';
import { Logger } from '@nestjs/common';
import { readConfig } from '../../apps/control/src/config';
import { Database } from '../../apps/control/src/database/database';
import { Membership } from '../../apps/control/src/parties/membership/membership';

const newPeer = (name = 'Somebody') => {
  const publicKey = publicKeyOf(randomBytes(32)) as PublicKey;
  return { peerId: peerIdOf(publicKey), publicKey, name, voucher: null };
};

const lan = (maxPeers: number) => ({
  name: 'LAN',
  network: DEFAULT_NETWORK,
  maxPeers,
  settings: {
    locked: false,
    public: false,
    persistent: false,
    hasPassword: false,
    sealed: false,
    discordUrl: null,
  },
});
const wanting = (preferredSlot: number) => ({ preferredSlot, resumes: false });
const noSecrets = { passwordHash: null, origin: null };
const noPassword = () => Promise.reject(new Error('no password is needed'));
/** Nothing is known of who is there. */
const whoever = () => () => 'away' as const;

describe('membership', () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'lanrage-membership-'));
  let database: Database;
  /** Each has a queue of its own, so that they run into each other as two servers would. */
  let servers: [Membership, Membership];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await Database.open(readConfig({ LANRAGE_DATA: dataDirectory }));
    servers = [new Membership(database), new Membership(database)];
  }, 60_000);
  afterAll(async () => {
    await database.onApplicationShutdown();
    await rm(dataDirectory, { recursive: true });
  });

  const server = (index: number) => servers[index % 2 === 0 ? 0 : 1];
  const partyOf = async (peerId: PeerId) => {
    const party = await servers[0].of(peerId);
    if (!party) throw new Error('in no party');
    return party;
  };

  it('gives 500 peers that want the same address at the same instant 500 addresses', async () => {
    const host = newPeer();
    const { id } = await servers[0].create(lan(1000), host, noSecrets, 0);
    await Promise.all(
      Array.from({ length: 500 }, (_, index) => server(index).join(id, newPeer(), wanting(300), noPassword)),
    );

    const { members, revision } = await partyOf(host.peerId);
    const slots = members.map((member) => member.slot).sort((a, b) => a - b);
    expect(slots).toEqual([0, ...Array.from({ length: 500 }, (_, index) => 300 + index)]);
    expect(revision).toBe(501);
  }, 60_000);

  it('fills the last place once, whichever server is asked', async () => {
    const host = newPeer();
    const { id } = await servers[0].create(lan(2), host, noSecrets, 0);
    const joins = Array.from({ length: 50 }, (_, index) =>
      server(index).join(id, newPeer(), wanting(300), noPassword),
    );
    const outcomes = await Promise.allSettled(joins);
    const refusals = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    expect(refusals).toHaveLength(49);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'PARTY_FULL' });
    expect((await partyOf(host.peerId)).members).toHaveLength(2);
  });

  it('lets a peer into one of two parties that it joins at the same instant', async () => {
    const [one, other] = await Promise.all(
      servers.map((each) => each.create(lan(8), newPeer(), noSecrets, 0)),
    );
    const peer = newPeer();
    const outcomes = await Promise.allSettled(
      [one, other].map((party, index) => server(index).join(party!.id, peer, wanting(5), noPassword)),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'ALREADY_IN_PARTY' },
    });
  });

  it('leaves no party behind when all go at the same instant, and no two hosts on the way', async () => {
    const peers = Array.from({ length: 20 }, () => newPeer());
    const [host, ...others] = peers;
    const { id } = await servers[0].create(lan(50), host!, noSecrets, 0);
    for (const [index, peer] of others.entries())
      await server(index).join(id, peer, wanting(300), noPassword);
    const outcomes = await Promise.all(
      peers.map((peer, index) => server(index).leave(id, peer.peerId, 'left', whoever)),
    );

    for (const outcome of outcomes) {
      const after = outcome?.after;
      if (after) expect(after.members.map((member) => member.peerId)).toContain(after.hostId);
    }
    expect(outcomes.filter((outcome) => outcome?.after === null)).toHaveLength(1);
    expect(await database.prisma.party.count({ where: { id } })).toBe(0);
    expect(await database.prisma.lease.count({ where: { partyId: id } })).toBe(0);
  }, 30_000);

  it('gives the address of somebody who left away only when no other is free', async () => {
    const [host, gone, newcomer] = [newPeer(), newPeer(), newPeer()];
    const { id } = await servers[0].create(lan(64_000), host, noSecrets, 0);
    await servers[0].join(id, gone, wanting(300), noPassword);
    await servers[0].leave(id, gone.peerId, 'left', whoever);
    expect((await servers[0].join(id, newcomer, wanting(300), noPassword)).member.slot).toBe(301);
    await servers[0].leave(id, newcomer.peerId, 'left', whoever);

    // All other slots are kept for players who left.
    for (const [first, last] of slotRanges()) {
      await database.prisma.$executeRaw`
        INSERT INTO leases (party_id, peer_id, slot)
        SELECT ${id}, 'gone ' || slot, slot FROM generate_series(${first}::int, ${last}::int) AS slot
        ON CONFLICT (party_id, slot) DO NOTHING`;
    }
    await database.prisma.$executeRaw`ANALYZE`;
    expect((await servers[0].join(id, newPeer(), wanting(300), noPassword)).member.slot).toBe(300);
    expect((await servers[0].join(id, newPeer(), wanting(300), noPassword)).member.slot).toBe(301);
    expect((await servers[0].join(id, gone, wanting(300), noPassword)).member.slot).toBe(302);
  }, 60_000);

  it('refuses the next one when members have all addresses', async () => {
    const host = newPeer();
    const { id } = await servers[0].create(lan(SHARED_SLOTS + 1), host, noSecrets, 0);
    for (const [first, last] of slotRanges()) {
      await database.prisma.$executeRaw`
        WITH lease AS (
          INSERT INTO leases (party_id, peer_id, slot)
          SELECT ${id}, 'player ' || slot, slot FROM generate_series(${first}::int, ${last}::int) AS slot
          RETURNING peer_id)
        INSERT INTO members (peer_id, party_id, name, public_key) SELECT peer_id, ${id}, 'Player', '' FROM lease`;
    }
    await database.prisma.$executeRaw`ANALYZE`;
    await expect(servers[0].join(id, newPeer(), wanting(300), noPassword)).rejects.toMatchObject({
      code: 'PARTY_FULL',
    });
    await servers[0].leave(id, host.peerId, 'left', whoever);
    await expect(servers[0].join(id, newPeer(), wanting(300), noPassword)).rejects.toMatchObject({
      code: 'NO_FREE_ADDRESS',
    });
    expect((await servers[0].join(id, host, wanting(300), noPassword)).member.slot).toBe(0);
  }, 60_000);
});

/** All slots that members share, first and last of each part: a statement has a few seconds, on a busy machine, too. */
function slotRanges(): [first: number, last: number][] {
  const size = 8192;
  return Array.from({ length: Math.ceil(SHARED_SLOTS / size) }, (_, part) => [
    part * size + 1,
    Math.min((part + 1) * size, SHARED_SLOTS),
  ]);
}
