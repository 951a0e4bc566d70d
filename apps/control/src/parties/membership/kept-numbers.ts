/**
 * Each owner's persistent parties have numbers, the smallest that are free: a constraint of the database gives none out twice, so that
 * nobody has more than they may, however many requests come at once.
 */
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { Sql } from '../../database/sql';

export const KEPT_NUMBER_CONSTRAINT = 'parties_owner_id_kept_number_key';

interface Numbered {
  readonly keptNumber: number | null;
}

/** @returns the party's number among its owner's persistent ones; null: it is none */
export async function keptNumber(sql: Sql, partyId: PartyId): Promise<number | null> {
  const [party] = await sql.rows<Numbered[]>`
    /* kept_number */
    SELECT kept_number AS "keptNumber" FROM parties WHERE id = ${partyId}`;
  return party?.keptNumber ?? null;
}

/** @returns a number for one more persistent party of this owner @throws LanrageError TOO_MANY_PARTIES */
export async function freeNumber(sql: Sql, ownerId: PeerId, most: number): Promise<number> {
  const owned = await sql.rows<Numbered[]>`
    /* kept_numbers */
    SELECT kept_number AS "keptNumber" FROM parties WHERE owner_id = ${ownerId} AND kept_number IS NOT NULL`;
  if (owned.length >= most) throw new LanrageError('TOO_MANY_PARTIES');
  const taken = new Set(owned.map((party) => party.keptNumber));
  let number = 1;
  while (taken.has(number)) number += 1;
  return number;
}
