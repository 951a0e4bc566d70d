import { Injectable, Logger } from '@nestjs/common';
import {
  PARTIES_PER_PAGE,
  type FindPartiesQuery,
  type PartyPage,
  type PublicParty,
} from '#shared/api/discovery';
import type { PartyId, PeerId } from '#shared/party/identity';
import { Database } from '../../database/database';
import { Leader } from '../../leader-client/leader';
import { afterCursor, literal, toPage } from '../../util/pagination';
import { shownName } from '../../model/shown';

type Row = PublicParty & { readonly atMs: number };

/** How many of the parties that nobody has come to yet are looked at: the newest. */
const MOST_UNVISITED = 500;

/**
 * The parties that their hosts show to everybody, and that let people in without a link. One that nobody but its owner has ever been
 * in is shown while its owner waits there, connected, and not to people who would find it empty.
 */
@Injectable()
export class DiscoveryService {
  private readonly logger = new Logger('parties');

  constructor(
    private readonly database: Database,
    private readonly leader: Leader,
  ) {}

  async find({ search, cursor }: FindPartiesQuery): Promise<PartyPage> {
    const { beforeMs, beforeId } = afterCursor(cursor);
    const attended = await this.attended();
    const rows = await this.database.sql.rows<Row[]>`
      /* public_parties */
      SELECT id, name, max_peers AS "maxPeers", password_hash IS NOT NULL AS "hasPassword",
             (SELECT count(*)::int FROM members WHERE party_id = parties.id) AS "playerCount",
             (extract(epoch FROM created_at) * 1000)::float8 AS "atMs"
      FROM parties
      WHERE is_public AND NOT locked AND NOT sealed AND (visited OR id = ANY(${attended})) AND name ILIKE ${`%${literal(search)}%`}
        AND (${beforeMs}::float8 IS NULL
             OR (created_at, id) < (to_timestamp(${beforeMs}::float8 / 1000), ${beforeId}))
      ORDER BY created_at DESC, id DESC
      LIMIT ${PARTIES_PER_PAGE + 1}::int`;
    const { items, nextCursor } = toPage(rows, PARTIES_PER_PAGE);
    const parties = items.map(({ atMs: _, ...party }) => ({
      ...party,
      name: shownName(party.name, party.id),
    }));
    return { parties, nextCursor };
  }

  /** Public parties in which somebody waits for the first one to come. */
  private async attended(): Promise<PartyId[]> {
    const waiting = await this.database.sql.rows<{ partyId: PartyId; peerId: PeerId }[]>`
      /* unvisited_parties */
      SELECT id AS "partyId", peer_id AS "peerId" FROM parties JOIN members ON party_id = id
      WHERE is_public AND NOT locked AND NOT sealed AND NOT visited
      ORDER BY created_at DESC LIMIT ${MOST_UNVISITED}::int`;
    if (waiting.length === 0) return [];
    const peerIds = waiting.map(({ peerId }) => peerId);
    try {
      const online = new Set(await this.leader.agents.online({ peerIds }));
      return waiting.filter(({ peerId }) => online.has(peerId)).map(({ partyId }) => partyId);
    } catch (error) {
      this.logger.warn({ err: error }, 'parties that wait for their first player could not be listed');
      return [];
    }
  }
}
