import { MOST_OWNED } from '#shared/api/hosting';
import type { PartyId, PeerId } from '#shared/party/identity';
import { violatedConstraint } from '../../database/failures';
import type { Prisma } from '../../database/generated/client';
import type { BanState } from './hosting.rules';
import type { PartyRecord, PartyTerms } from '../../model/party';
import { KEPT_NUMBER_CONSTRAINT } from '../membership/party.store';

export interface BanRecord {
  readonly peerId: PeerId;
  readonly name: string | null;
  readonly bannedAt: Date;
}

export interface OwnedRecord {
  readonly id: PartyId;
  readonly name: string;
  readonly playerCount: number;
  readonly maxPeers: number;
  readonly createdAt: Date;
  readonly emptySince: Date | null;
}

/** The statements behind what hosts and owners do, in the manner of party.store.ts. */
export class HostingStore {
  constructor(private readonly client: Prisma.TransactionClient) {}

  /** @param passwordHash undefined: stays as it is @returns whether the party was still as it was decided on */
  async changeTerms(
    party: PartyRecord,
    { name, hostId, ownerId, maxPeers, settings }: PartyTerms,
    keptNumber: number | null,
    passwordHash: string | null | undefined,
  ): Promise<boolean> {
    const { locked, public: isPublic, discordUrl } = settings;
    const keepsPassword = passwordHash === undefined;
    try {
      const changes = await this.client.$executeRaw`
        /* change_terms */
        UPDATE parties
        SET revision = revision + 1, name = ${name}, host_id = ${hostId}, owner_id = ${ownerId},
            max_peers = ${maxPeers}, locked = ${locked}, is_public = ${isPublic}, discord_url = ${discordUrl},
            kept_number = ${keptNumber}::int,
            password_hash = CASE WHEN ${keepsPassword}::boolean THEN password_hash ELSE ${passwordHash ?? null} END
        WHERE id = ${party.id} AND revision = ${party.revision}`;
      return changes === 1;
    } catch (error) {
      if (violatedConstraint(error) === KEPT_NUMBER_CONSTRAINT) return false;
      throw error;
    }
  }

  /** @returns the party's number among its owner's persistent ones; null: it is none */
  async keptNumber(partyId: PartyId): Promise<number | null> {
    const party = await this.client.party.findUnique({
      select: { keptNumber: true },
      where: { id: partyId },
    });
    return party?.keptNumber ?? null;
  }

  /** @returns the smallest number that none of the owner's persistent parties has; null: it has as many as it may */
  async freeNumber(ownerId: PeerId, most: number): Promise<number | null> {
    const owned = await this.client.party.findMany({
      select: { keptNumber: true },
      where: { ownerId, keptNumber: { not: null } },
    });
    const taken = new Set(owned.map(({ keptNumber }) => keptNumber));
    const free = Array.from({ length: taken.size + 1 }, (_, index) => index + 1).find(
      (number) => !taken.has(number),
    );
    return free !== undefined && taken.size < most ? free : null;
  }

  /** The owner's persistent parties, the newest first. */
  async ownedBy(ownerId: PeerId): Promise<OwnedRecord[]> {
    return this.client.$queryRaw`
      /* owned_parties */
      SELECT id, name, max_peers AS "maxPeers", created_at AS "createdAt", empty_since AS "emptySince",
             (SELECT count(*)::int FROM members WHERE party_id = parties.id) AS "playerCount"
      FROM parties WHERE owner_id = ${ownerId} AND kept_number IS NOT NULL
      ORDER BY created_at DESC, id DESC LIMIT ${MOST_OWNED}::int`;
  }

  async findBan(partyId: PartyId, peerId: PeerId): Promise<BanState> {
    const [state] = await this.client.$queryRaw<[BanState]>`
      /* ban_state */
      SELECT count(*)::int AS bans, coalesce(bool_or(peer_id = ${peerId}), false) AS banned
      FROM bans WHERE party_id = ${partyId}`;
    return state;
  }

  /** Removes the peer, too, if it is a member. @returns whether the party was still as it was decided on */
  async ban(party: PartyRecord, peerId: PeerId, name: string | null): Promise<boolean> {
    const changes = await this.client.$executeRaw`
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
    const changes = await this.client.$executeRaw`
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
    const bans = await this.client.ban.findMany({
      where: { partyId },
      orderBy: [{ bannedAt: 'desc' }, { peerId: 'asc' }],
    });
    return bans.map(({ peerId, name, bannedAt }) => ({ peerId: peerId as PeerId, name, bannedAt }));
  }
}
