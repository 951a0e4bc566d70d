import { Injectable } from '@nestjs/common';
import {
  PARTIES_PER_PAGE,
  type FindPartiesQuery,
  type PartyPage,
  type PublicParty,
} from '#shared/api/discovery';
import { Database } from '../database/database';

type Row = PublicParty & { readonly createdAtMs: number };

/** The parties that their hosts show to everybody, and that still let people in. */
@Injectable()
export class Discovery {
  constructor(private readonly database: Database) {}

  async find({ search, cursor }: FindPartiesQuery): Promise<PartyPage> {
    const [beforeMs, beforeId] = cursor?.split('-') ?? [];
    const rows = await this.database.prisma.$queryRaw<Row[]>`
      /* public_parties */
      SELECT id, name, max_peers AS "maxPeers", password_hash IS NOT NULL AS "hasPassword",
             (SELECT count(*)::int FROM members WHERE party_id = parties.id) AS "playerCount",
             (extract(epoch FROM created_at) * 1000)::float8 AS "createdAtMs"
      FROM parties
      WHERE is_public AND NOT locked AND name ILIKE ${`%${literal(search)}%`}
        AND (${beforeMs ?? null}::float8 IS NULL
             OR (created_at, id) < (to_timestamp(${beforeMs ?? null}::float8 / 1000), ${beforeId ?? null}))
      ORDER BY created_at DESC, id DESC
      LIMIT ${PARTIES_PER_PAGE + 1}::int`;
    const page = rows.slice(0, PARTIES_PER_PAGE);
    const last = rows.length > page.length ? page.at(-1) : undefined;
    return {
      parties: page.map(({ createdAtMs: _, ...party }) => party),
      nextCursor: last ? `${last.createdAtMs}-${last.id}` : null,
    };
  }
}

/** As part of a LIKE pattern that means itself. */
function literal(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
