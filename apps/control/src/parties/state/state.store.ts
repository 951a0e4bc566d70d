import type { PartyState, StateEntry, WriteStateRequest } from '#shared/api/state';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { Sql } from '../../database/sql';
import type { StateView } from './state.rules';

/** What a write decides on; it takes effect only if the party's state is still at this version. */
export type VersionedView = StateView & { readonly stateVersion: number };

export interface WrittenState {
  readonly entry: StateEntry;
  /** The members who are to hear of it; those who join later read it. */
  readonly memberIds: readonly PeerId[];
}

/** The statements behind the shared state, in the manner of party.store.ts. */
export class StateStore {
  constructor(private readonly sql: Sql) {}

  /** @returns null when the peer is not a member */
  async read(partyId: PartyId, peerId: PeerId): Promise<PartyState | null> {
    const rows = await this.sql.rows<PartyState[]>`
      /* state_of_party */
      SELECT state_version AS version, (
        SELECT coalesce(json_agg(json_build_object('key', key, 'value', value, 'version', version) ORDER BY key), '[]')
        FROM state_entries WHERE party_id = parties.id) AS entries
      FROM parties
      WHERE id = ${partyId} AND EXISTS (SELECT FROM members WHERE party_id = ${partyId} AND peer_id = ${peerId})`;
    return rows[0] ?? null;
  }

  /** @returns null when there is no such party */
  async view(partyId: PartyId, peerId: PeerId, key: string): Promise<VersionedView | null> {
    const rows = await this.sql.rows<VersionedView[]>`
      /* state_to_write */
      SELECT state_version AS "stateVersion",
        EXISTS (SELECT FROM members WHERE party_id = ${partyId} AND peer_id = ${peerId}) AS "isMember",
        coalesce((SELECT version FROM state_entries WHERE party_id = ${partyId} AND key = ${key}), 0) AS "keyVersion",
        (SELECT coalesce(sum(octet_length(key) + octet_length(value)), 0)::int FROM state_entries
          WHERE party_id = ${partyId} AND key <> ${key}) AS "otherBytes",
        (SELECT count(*)::int FROM members WHERE party_id = ${partyId}) AS members
      FROM parties WHERE id = ${partyId}`;
    return rows[0] ?? null;
  }

  /** @returns what was written; null: the state had changed, or the peer had gone */
  async write(
    partyId: PartyId,
    peerId: PeerId,
    { key, value }: WriteStateRequest,
    stateVersion: number,
  ): Promise<WrittenState | null> {
    const removes = value === undefined;
    const rows = await this.sql.rows<{ version: number; memberIds: PeerId[] }[]>`
      /* write_state */
      WITH changed AS (
        UPDATE parties SET state_version = state_version + 1
        WHERE id = ${partyId} AND state_version = ${stateVersion}
          AND EXISTS (SELECT FROM members WHERE party_id = ${partyId} AND peer_id = ${peerId})
        RETURNING id, state_version
      ), removed AS (
        DELETE FROM state_entries USING changed WHERE party_id = changed.id AND key = ${key} AND ${removes}::boolean
      ), written AS (
        INSERT INTO state_entries (party_id, key, value, version)
        SELECT id, ${key}, ${value ?? ''}, state_version FROM changed WHERE NOT ${removes}::boolean
        ON CONFLICT (party_id, key) DO UPDATE SET value = excluded.value, version = excluded.version
      )
      SELECT state_version AS version,
        (SELECT array_agg(peer_id) FROM members WHERE party_id = changed.id) AS "memberIds"
      FROM changed`;
    const [row] = rows;
    return row ? { entry: { key, value, version: row.version }, memberIds: row.memberIds } : null;
  }
}
