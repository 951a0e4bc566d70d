import { MOST_TIMED_OUT, type LeaveReason } from '#shared/api/party';
import type { PartyId, PeerId } from '#shared/party/identity';
import { CREATOR_SLOT } from '#shared/party/virtual-ip';
import type { Identity } from '../../model/identity';
import { violatedConstraint } from '../../database/failures';
import type { Database } from '../../database/database';
import { fragment, Fragment, type Sql } from '../../database/sql';
import { KEPT_NUMBER_CONSTRAINT } from './kept-numbers';
import type {
  InviteRecord,
  Leases,
  MemberRecord,
  PartyRecord,
  PartyTerms,
  Standing,
} from '../../model/party';

/** What a creator decides about a party. */
export type FirstTerms = Pick<PartyTerms, 'name' | 'maxPeers' | 'settings'> & Pick<PartyRecord, 'network'>;
export type NewParty = FirstTerms & Pick<PartyRecord, 'id'> & Secrets;

/** What goes with the terms and is nobody's to see. */
export interface Secrets {
  readonly passwordHash: string | null;
  /** The party's number among its owner's persistent ones; null: it is none. */
  readonly keptNumber: number | null;
  /** Where it was made, see origins.ts; null: not known. */
  readonly origin: string | null;
}
export type NewMember = Identity & Pick<MemberRecord, 'name' | 'voucher'>;

/** A party as a peer that wants to join finds it; `party` is null when there is none. */
export interface JoinView {
  readonly currentPartyId: PartyId | null;
  readonly party: PartyRecord | null;
  readonly standing: Standing;
  readonly leases: Leases;
}

interface JoinRow {
  readonly current_party_id: PartyId | null;
  readonly party: PartyRecord | null;
  readonly password_hash: string | null;
  readonly banned: boolean;
  readonly own_lease: { slot: number; departure: LeaveReason | null; departedAtMs: number | null } | null;
  readonly departed_slots: number[] | null;
  readonly invite: InviteRecord | null;
}

const milliseconds = (column: string) => new Fragment(`(extract(epoch FROM ${column}) * 1000)::float8`);

/** An InviteRecord of the row `i`. */
export const inviteRecord = fragment`
  json_build_object(
    'id', i.id, 'createdAtMs', ${milliseconds('i.created_at')}, 'expiresAtMs', ${milliseconds('i.expires_at')},
    'uses', i.uses, 'maxUses', i.max_uses)`;

/** A PartyRecord of the row `p`. */
const partyRecord = fragment`
  json_build_object(
    'id', p.id, 'name', p.name, 'hostId', p.host_id, 'ownerId', p.owner_id, 'maxPeers', p.max_peers,
    'revision', p.revision, 'stateVersion', p.state_version, 'network', p.network, 'origin', p.origin,
    'createdAtMs', ${milliseconds('p.created_at')},
    'settings', json_build_object(
      'locked', p.locked, 'public', p.is_public, 'persistent', p.kept_number IS NOT NULL,
      'hasPassword', p.password_hash IS NOT NULL, 'sealed', p.sealed, 'discordUrl', p.discord_url),
    'members', (
      SELECT coalesce(json_agg(
        json_build_object('peerId', m.peer_id, 'name', m.name, 'publicKey', m.public_key, 'slot', l.slot, 'voucher', m.voucher,
                          'joinedAtMs', ${milliseconds('m.joined_at')})
        ORDER BY m.joined_at, m.peer_id), '[]')
      FROM members m JOIN leases l USING (party_id, peer_id)
      WHERE party_id = p.id),
    'timedOut', (
      SELECT coalesce(json_agg(peer_id), '[]') FROM (
        SELECT peer_id FROM leases l
        WHERE party_id = p.id AND departure = 'timed_out'
          AND NOT EXISTS (SELECT FROM server_bans b WHERE b.peer_id = l.peer_id)
        ORDER BY departed_at DESC NULLS LAST LIMIT ${MOST_TIMED_OUT}) latest))`;

/**
 * The statements behind parties, one round trip each. A reading gives all that a decision needs; a change takes
 * effect only on the revision that it was decided on, so that no transaction stays open in between. The comment
 * at the head of a statement names it, see database.ts.
 */
export class PartyStore {
  constructor(readonly sql: Sql) {}

  async findByMember(peerId: PeerId): Promise<PartyRecord | null> {
    const rows = await this.sql.rows<{ party: PartyRecord }[]>`
      /* party_of_member */
      SELECT ${partyRecord} AS party FROM parties p
      WHERE p.id = (SELECT party_id FROM members WHERE peer_id = ${peerId})`;
    return rows[0]?.party ?? null;
  }

  /** The parties of several peers; peers that are in no party are missing. */
  async findByMembers(peerIds: PeerId[]): Promise<Map<PeerId, PartyRecord>> {
    const rows = await this.sql.rows<{ party: PartyRecord }[]>`
      /* parties_of_members */
      SELECT ${partyRecord} AS party FROM parties p
      WHERE p.id IN (SELECT party_id FROM members WHERE peer_id = ANY(${peerIds}))`;
    const wanted = new Set(peerIds);
    return new Map(
      rows.flatMap(({ party }) =>
        party.members.flatMap(({ peerId }): [PeerId, PartyRecord][] =>
          wanted.has(peerId) ? [[peerId, party]] : [],
        ),
      ),
    );
  }

  async findById(partyId: PartyId): Promise<PartyRecord | null> {
    const rows = await this.sql.rows<{ party: PartyRecord }[]>`
      /* party_by_id */
      SELECT ${partyRecord} AS party FROM parties p WHERE p.id = ${partyId}`;
    return rows[0]?.party ?? null;
  }

  /** @param secretHash of the invite that the peer brings, base64; null: none */
  async findForJoin(partyId: PartyId, peerId: PeerId, secretHash: string | null): Promise<JoinView> {
    const [row] = await this.sql.rows<[JoinRow]>`
      /* party_to_join */
      SELECT
        (SELECT party_id FROM members WHERE peer_id = ${peerId}) AS current_party_id,
        (SELECT ${partyRecord} FROM parties p WHERE p.id = ${partyId}) AS party,
        (SELECT password_hash FROM parties WHERE id = ${partyId}) AS password_hash,
        EXISTS (SELECT FROM bans WHERE party_id = ${partyId} AND peer_id = ${peerId}) AS banned,
        (SELECT json_build_object('slot', slot, 'departure', departure,
                                  'departedAtMs', ${milliseconds('departed_at')})
          FROM leases WHERE party_id = ${partyId} AND peer_id = ${peerId}) AS own_lease,
        (SELECT ${inviteRecord} FROM invites i WHERE party_id = ${partyId} AND secret_hash = ${secretHash}) AS invite,
        (SELECT array_agg(slot) FROM leases LEFT JOIN members USING (party_id, peer_id)
          WHERE party_id = ${partyId} AND members.name IS NULL) AS departed_slots`;
    return {
      currentPartyId: row.current_party_id,
      party: row.party,
      standing: {
        banned: row.banned,
        departure: row.own_lease?.departure ?? null,
        departedAtMs: row.own_lease?.departedAtMs ?? null,
        passwordHash: row.password_hash,
        invite: row.invite,
      },
      leases: { ownSlot: row.own_lease?.slot ?? null, departedSlots: row.departed_slots ?? [] },
    };
  }

  /** @returns the new party's only revision so far, or the reason why there is none */
  async create(
    party: NewParty,
    creator: NewMember,
  ): Promise<PartyRecord | 'id_taken' | 'number_taken' | 'already_member'> {
    const { passwordHash, keptNumber, ...terms } = party;
    const { origin } = terms;
    const { locked, public: isPublic, sealed, discordUrl } = terms.settings;
    try {
      const [{ created_at_ms: createdAtMs }] = await this.sql.rows<[{ created_at_ms: number }]>`
        /* create_party */
        WITH party AS (
          INSERT INTO parties (id, name, host_id, owner_id, max_peers, locked, is_public, discord_url,
                               password_hash, kept_number, sealed, network, origin, visited)
          VALUES (${party.id}, ${party.name}, ${creator.peerId}, ${creator.peerId}, ${party.maxPeers}, ${locked},
                  ${isPublic}, ${discordUrl}, ${passwordHash}, ${keptNumber}, ${sealed}, ${party.network}, ${origin}, false)
          RETURNING created_at
        ), lease AS (
          INSERT INTO leases (party_id, peer_id, slot) VALUES (${party.id}, ${creator.peerId}, ${CREATOR_SLOT})
        ), member AS (
          INSERT INTO members (peer_id, party_id, name, public_key, voucher)
          VALUES (${creator.peerId}, ${party.id}, ${creator.name}, ${creator.publicKey}, ${creator.voucher})
        )
        SELECT ${milliseconds('created_at')} AS created_at_ms FROM party`;
      const member = { ...creator, slot: CREATOR_SLOT, joinedAtMs: createdAtMs };
      const { peerId } = creator;
      const created = { revision: 1, stateVersion: 0, createdAtMs, members: [member], timedOut: [] };
      return { ...terms, hostId: peerId, ownerId: peerId, ...created };
    } catch (error) {
      const constraint = violatedConstraint(error);
      if (constraint === 'parties_pkey') return 'id_taken';
      if (constraint === KEPT_NUMBER_CONSTRAINT) return 'number_taken';
      if (constraint === 'members_pkey') return 'already_member';
      throw error;
    }
  }

  /**
   * @returns when the member joined, or null when the party had changed, the invite was taken back, or the peer went
   * into another one
   */
  async admit(
    party: PartyRecord,
    newcomer: NewMember,
    { slot, hostId, inviteId }: { slot: number; hostId: PeerId; inviteId: string | null },
  ): Promise<number | null> {
    try {
      const rows = await this.sql.rows<{ joined_at_ms: number }[]>`
        /* admit_member */
        WITH changed AS (
          UPDATE parties SET revision = revision + 1, host_id = ${hostId}, empty_since = NULL,
                             visited = visited OR owner_id <> ${newcomer.peerId}
          WHERE id = ${party.id} AND revision = ${party.revision} AND (${inviteId}::text IS NULL
            OR EXISTS (SELECT FROM invites WHERE party_id = ${party.id} AND invites.id = ${inviteId}))
          RETURNING id
        ), invite AS (
          UPDATE invites SET uses = uses + 1 FROM changed WHERE party_id = changed.id AND invites.id = ${inviteId}
        ), lease AS (
          INSERT INTO leases (party_id, peer_id, slot) SELECT id, ${newcomer.peerId}, ${slot}::int FROM changed
          ON CONFLICT (party_id, slot) DO UPDATE SET peer_id = excluded.peer_id, departure = NULL, departed_at = NULL
        )
        INSERT INTO members (peer_id, party_id, name, public_key, voucher)
        SELECT ${newcomer.peerId}, id, ${newcomer.name}, ${newcomer.publicKey}, ${newcomer.voucher} FROM changed
        RETURNING ${milliseconds('joined_at')} AS joined_at_ms`;
      return rows[0]?.joined_at_ms ?? null;
    } catch (error) {
      if (violatedConstraint(error) !== null) return null;
      throw error;
    }
  }

  /** @returns whether the party was still as it was decided on */
  async rename(party: PartyRecord, peerId: PeerId, name: string): Promise<boolean> {
    const changes = await this.sql.changes`
      /* rename_member */
      WITH changed AS (
        UPDATE parties SET revision = revision + 1
        WHERE id = ${party.id} AND revision = ${party.revision}
        RETURNING id
      )
      UPDATE members SET name = ${name} FROM changed WHERE party_id = changed.id AND peer_id = ${peerId}`;
    return changes === 1;
  }

  /** The peer's address stays reserved. @returns whether the party was still as it was decided on */
  async remove(
    party: PartyRecord,
    peerId: PeerId,
    reason: LeaveReason,
    { hostId, empties }: { hostId: PeerId; empties: boolean },
  ): Promise<boolean> {
    const changes = await this.sql.changes`
      /* remove_member */
      WITH changed AS (
        UPDATE parties SET revision = revision + 1, host_id = ${hostId},
                           empty_since = CASE WHEN ${empties}::boolean THEN now() END
        WHERE id = ${party.id} AND revision = ${party.revision}
        RETURNING id
      ), lease AS (
        UPDATE leases SET departure = ${reason}, departed_at = now() FROM changed
        WHERE party_id = changed.id AND peer_id = ${peerId}
      )
      DELETE FROM members USING changed WHERE party_id = changed.id AND peer_id = ${peerId}`;
    return changes === 1;
  }

  /** Ends for good the stay of a peer that timed out. @returns whether the party was still as it was decided on */
  async evict(party: PartyRecord, peerId: PeerId, reason: LeaveReason): Promise<boolean> {
    const changes = await this.sql.changes`
      /* evict_timed_out */
      WITH changed AS (
        UPDATE parties SET revision = revision + 1
        WHERE id = ${party.id} AND revision = ${party.revision}
        RETURNING id
      )
      UPDATE leases SET departure = ${reason}, departed_at = now() FROM changed
      WHERE party_id = changed.id AND peer_id = ${peerId}`;
    return changes === 1;
  }

  /** Forgets the party and everything in it. @returns whether it was still as it was decided on */
  async close(party: PartyRecord): Promise<boolean> {
    const changes = await this.sql.changes`
      /* close_party */
      DELETE FROM parties WHERE id = ${party.id} AND revision = ${party.revision}`;
    return changes === 1;
  }

  async allMemberIds(): Promise<PeerId[]> {
    const members = await this.sql.rows<{ peerId: PeerId }[]>`
      /* all_members */
      SELECT peer_id AS "peerId" FROM members`;
    return members.map(({ peerId }) => peerId);
  }

  /** Which parties these peers are in; those in none are missing. */
  async partiesOf(peerIds: PeerId[]): Promise<{ partyId: PartyId; peerId: PeerId }[]> {
    return this.sql.rows`
      /* parties_of_peers */
      SELECT party_id AS "partyId", peer_id AS "peerId" FROM members WHERE peer_id = ANY(${peerIds})`;
  }

  /** Who is in any of these parties now. */
  async membersOf(partyIds: PartyId[]): Promise<{ partyId: PartyId; peerId: PeerId }[]> {
    return this.sql.rows`
      /* members_of_parties */
      SELECT party_id AS "partyId", peer_id AS "peerId" FROM members WHERE party_id = ANY(${partyIds})`;
  }
}

/** Does work on a party that nobody else can change meanwhile, in no process: they wait for their turn. */
export function withPartyLocked<Result>(
  database: Database,
  partyId: PartyId,
  work: (store: PartyStore) => Promise<Result>,
): Promise<Result> {
  return database.transaction(async (sql) => {
    await sql.rows`SELECT id FROM parties WHERE id = ${partyId} FOR UPDATE`;
    return work(new PartyStore(sql));
  });
}
