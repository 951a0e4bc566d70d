import type { PartyId, PeerId } from '#shared/party/identity';
import type { Sql } from '../../database/sql';
import type { PartyRecord } from '../../model/party';
import type { BanState } from './moderation.rules';

export interface BanRecord {
  readonly peerId: PeerId;
  readonly name: string | null;
  readonly bannedAt: Date;
}

/** The statements behind bans, in the manner of party.store.ts. */
export class ModerationStore {
  constructor(private readonly sql: Sql) {}

  async findBan(partyId: PartyId, peerId: PeerId): Promise<BanState> {
    const [state] = await this.sql.rows<[BanState]>`
      /* ban_state */
      SELECT count(*)::int AS bans, coalesce(bool_or(peer_id = ${peerId}), false) AS banned
      FROM bans WHERE party_id = ${partyId}`;
    return state;
  }

  /** Removes the peer, too, if it is a member. @returns whether the party was still as it was decided on */
  async ban(party: PartyRecord, peerId: PeerId, name: string | null): Promise<boolean> {
    const changes = await this.sql.changes`
      /* ban_peer */
      WITH changed AS (
        UPDATE parties SET revision = revision + 1
        WHERE id = ${party.id} AND revision = ${party.revision}
        RETURNING id
      ), lease AS (
        UPDATE leases SET departure = 'banned', departed_at = now() FROM changed WHERE party_id = changed.id AND peer_id = ${peerId}
      ), member AS (
        DELETE FROM members USING changed WHERE party_id = changed.id AND peer_id = ${peerId}
      )
      INSERT INTO bans (party_id, peer_id, name) SELECT id, ${peerId}, ${name} FROM changed`;
    return changes === 1;
  }

  /** @returns whether the party was still as it was decided on */
  async unban(party: PartyRecord, peerId: PeerId): Promise<boolean> {
    const changes = await this.sql.changes`
      /* unban_peer */
      WITH changed AS (
        UPDATE parties SET revision = revision + 1
        WHERE id = ${party.id} AND revision = ${party.revision}
        RETURNING id
      )
      DELETE FROM bans USING changed WHERE party_id = changed.id AND peer_id = ${peerId}`;
    return changes === 1;
  }

  async bansOf(partyId: PartyId): Promise<BanRecord[]> {
    return this.sql.rows`
      /* bans_of_party */
      SELECT peer_id AS "peerId", name, banned_at AS "bannedAt"
      FROM bans WHERE party_id = ${partyId} ORDER BY banned_at DESC, peer_id`;
  }
}
