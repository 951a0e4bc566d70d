import { Injectable } from '@nestjs/common';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { PublicKey } from '#shared/wireguard/key';
import type { Identity } from '../model/identity';
import { Database } from '../database/database';
import { afterCursor, literal, toPage } from '../util/pagination';
import { ITEMS_PER_PAGE, MOST_SERVER_BANS, type AdminParty, type ListPartiesQuery } from './admin.api';

export type PartyRow = Omit<AdminParty, 'createdAt'> & { readonly atMs: number };

export interface BanRow {
  /** The peer's. */
  readonly id: PeerId;
  readonly publicKey: PublicKey;
  readonly name: string | null;
  readonly atMs: number;
}

/** What the operator has laid down, as all control planes on this database have to follow it. */
export interface RulingsRow {
  /** Changes with the set of banned keys. */
  readonly bansDigest: string;
  readonly drainedRelayIds: readonly string[];
  /** Members of parties whose key is banned. */
  readonly bannedMembers: readonly { readonly peerId: PeerId; readonly partyId: PartyId }[];
}

/** The statements behind the administration. */
@Injectable()
export class AdminStore {
  constructor(private readonly database: Database) {}

  async parties({ search, cursor }: ListPartiesQuery) {
    const { beforeMs, beforeId } = afterCursor(cursor);
    const rows = await this.database.sql.rows<PartyRow[]>`
      /* admin_parties */
      SELECT id, p.name, max_peers AS "maxPeers", host_id AS "hostId", owner_id AS "ownerId",
             (SELECT name FROM members WHERE party_id = p.id AND peer_id = host_id) AS "hostName",
             (SELECT count(*)::int FROM members WHERE party_id = p.id) AS "playerCount",
             json_build_object('locked', locked, 'public', is_public, 'persistent', kept_number IS NOT NULL,
               'hasPassword', password_hash IS NOT NULL, 'sealed', sealed) AS settings,
             (extract(epoch FROM created_at) * 1000)::float8 AS "atMs"
      FROM parties p
      WHERE (p.name ILIKE ${`%${literal(search)}%`} OR id = ${search})
        AND (${beforeMs}::float8 IS NULL
             OR (created_at, id) < (to_timestamp(${beforeMs}::float8 / 1000), ${beforeId}))
      ORDER BY created_at DESC, id DESC
      LIMIT ${ITEMS_PER_PAGE + 1}::int`;
    return toPage(rows, ITEMS_PER_PAGE);
  }

  async bans(cursor: string | undefined) {
    const { beforeMs, beforeId } = afterCursor(cursor);
    const rows = await this.database.sql.rows<BanRow[]>`
      /* server_bans */
      SELECT peer_id AS id, public_key AS "publicKey", name,
             (extract(epoch FROM banned_at) * 1000)::float8 AS "atMs"
      FROM server_bans
      WHERE ${beforeMs}::float8 IS NULL
         OR (banned_at, peer_id) < (to_timestamp(${beforeMs}::float8 / 1000), ${beforeId})
      ORDER BY banned_at DESC, peer_id DESC
      LIMIT ${ITEMS_PER_PAGE + 1}::int`;
    return toPage(rows, ITEMS_PER_PAGE);
  }

  /** A key that is banned stays so, as of then. @returns null when the list is full */
  async ban({ peerId, publicKey }: Identity): Promise<BanRow | null> {
    const [row] = await this.database.sql.rows<BanRow[]>`
      /* ban_from_server */
      INSERT INTO server_bans (peer_id, public_key, name)
      SELECT ${peerId}, ${publicKey}, (SELECT name FROM members WHERE peer_id = ${peerId})
      WHERE EXISTS (SELECT FROM server_bans WHERE peer_id = ${peerId})
         OR (SELECT count(*) FROM server_bans) < ${MOST_SERVER_BANS}::int
      ON CONFLICT (peer_id) DO UPDATE SET public_key = excluded.public_key
      RETURNING peer_id AS id, public_key AS "publicKey", name, (extract(epoch FROM banned_at) * 1000)::float8 AS "atMs"`;
    return row ?? null;
  }

  /** @returns whether it was banned */
  async unban(peerId: PeerId): Promise<boolean> {
    const { count } = await this.client.serverBan.deleteMany({ where: { peerId } });
    return count > 0;
  }

  async drain(relayId: string): Promise<void> {
    // Unlike Prisma's upsert, one statement: two at once do not collide.
    await this.client.drainedRelay.createMany({ data: { relayId }, skipDuplicates: true });
  }

  /** @returns whether it was drained */
  async undrain(relayId: string): Promise<boolean> {
    const { count } = await this.client.drainedRelay.deleteMany({ where: { relayId } });
    return count > 0;
  }

  async rulings(): Promise<RulingsRow> {
    const [row] = await this.database.sql.rows<[RulingsRow]>`
      /* rulings */
      SELECT
        (SELECT md5(coalesce(string_agg(peer_id, ' ' ORDER BY peer_id), '')) FROM server_bans) AS "bansDigest",
        (SELECT coalesce(json_agg(relay_id ORDER BY relay_id), '[]') FROM drained_relays) AS "drainedRelayIds",
        (SELECT coalesce(json_agg(json_build_object('peerId', peer_id, 'partyId', party_id)), '[]')
          FROM members JOIN server_bans USING (peer_id)) AS "bannedMembers"`;
    return row;
  }

  async bannedIds(): Promise<PeerId[]> {
    const bans = await this.client.serverBan.findMany({ select: { peerId: true } });
    return bans.map(({ peerId }) => peerId as PeerId);
  }

  private get client() {
    return this.database.prisma;
  }
}
