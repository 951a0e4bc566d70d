import { Injectable } from '@nestjs/common';
import {
  PARTIES_PER_PAGE,
  type FindPartiesQuery,
  type PartyPage,
  type PublicParty,
} from '#shared/api/discovery';
import { Database } from '../database/database';
import { afterCursor, literal, toPage } from '../operations/pages';

type Row = PublicParty & { readonly atMs: number };

/** The parties that their hosts show to everybody, and that still let people in. */
@Injectable()
export class Discovery {
  constructor(private readonly database: Database) {}

  async find({ search, cursor }: FindPartiesQuery): Promise<PartyPage> {
    const { beforeMs, beforeId } = afterCursor(cursor);
    const rows = await this.database.prisma.$queryRaw<Row[]>`
      /* public_parties */
      SELECT id, name, max_peers AS "maxPeers", password_hash IS NOT NULL AS "hasPassword",
             (SELECT count(*)::int FROM members WHERE party_id = parties.id) AS "playerCount",
             (extract(epoch FROM created_at) * 1000)::float8 AS "atMs"
      FROM parties
      WHERE is_public AND NOT locked AND name ILIKE ${`%${literal(search)}%`}
        AND (${beforeMs}::float8 IS NULL
             OR (created_at, id) < (to_timestamp(${beforeMs}::float8 / 1000), ${beforeId}))
      ORDER BY created_at DESC, id DESC
      LIMIT ${PARTIES_PER_PAGE + 1}::int`;
    const { items, nextCursor } = toPage(rows, PARTIES_PER_PAGE);
    return { parties: items.map(({ atMs: _, ...party }) => party), nextCursor };
  }
}
