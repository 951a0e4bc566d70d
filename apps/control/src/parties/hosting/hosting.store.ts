import { MOST_OWNED } from '#shared/api/hosting';
import type { PartyId, PeerId } from '#shared/party/identity';
import { violatedConstraint } from '../../database/failures';
import type { Sql } from '../../database/sql';
import type { PartyRecord, PartyTerms } from '../../model/party';
import { KEPT_NUMBER_CONSTRAINT } from '../membership/kept-numbers';

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
  constructor(private readonly sql: Sql) {}

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
      const changes = await this.sql.changes`
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

  /** The owner's persistent parties, the newest first. */
  async ownedBy(ownerId: PeerId): Promise<OwnedRecord[]> {
    return this.sql.rows`
      /* owned_parties */
      SELECT id, name, max_peers AS "maxPeers", created_at AS "createdAt", empty_since AS "emptySince",
             (SELECT count(*)::int FROM members WHERE party_id = parties.id) AS "playerCount"
      FROM parties WHERE owner_id = ${ownerId} AND kept_number IS NOT NULL
      ORDER BY created_at DESC, id DESC LIMIT ${MOST_OWNED}::int`;
  }
}
