import { createHmac } from 'node:crypto';
import { LanrageError } from '#shared/errors';
import type { PartyId } from '#shared/party/identity';
import type { Config } from '../../config';
import type { Database } from '../../database/database';
import { limitKey } from '../../util/client-address';
import { KeyedQueue } from '../../util/keyed-queue';
import { isLimited, refusalOfOneMore, type Kept, type Limits, type OneMore } from './origins.rules';

const LABEL = 'lanrage origin 1\0';
const ORIGIN_CHARACTERS = 22;

/**
 * Where parties were made, so that one address does not keep too many of them: throw-away keys are free, addresses are not.
 * What is kept of an address (IPv6: the /64) is a keyed hash, by which nobody without the server's secret finds it.
 */
export class Origins {
  /** Has what counts the parties of an origin and then adds one be done one after the other. */
  private readonly turns = new KeyedQueue<string>();

  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly secret: string,
  ) {}

  of(address: string): string {
    const hash = createHmac('sha256', this.secret).update(LABEL + limitKey(address));
    return hash.digest('base64url').slice(0, ORIGIN_CHARACTERS);
  }

  /** @throws LanrageError TOO_MANY_PARTIES_FROM_ADDRESS, TOO_MANY_PUBLIC_PARTIES, or what `make` throws */
  make<Result>(origin: string, isPublic: boolean, make: () => Promise<Result>): Promise<Result> {
    return this.inTurn(origin, { isNew: true, isPublic }, make);
  }

  /** Lists a party that may not have been listed. @throws LanrageError TOO_MANY_PUBLIC_PARTIES, or what `list` throws */
  async list<Result>(partyId: PartyId, list: () => Promise<Result>): Promise<Result> {
    const [party] = await this.database.sql.rows<{ origin: string | null; isPublic: boolean }[]>`
      /* origin_of_party */
      SELECT origin, is_public AS "isPublic" FROM parties WHERE id = ${partyId}`;
    const origin = party?.origin ?? null;
    if (origin === null || party?.isPublic) return list();
    return this.inTurn(origin, { isNew: false, isPublic: true }, list);
  }

  /** What {@link make} would refuse now. @throws LanrageError like it */
  async assertRoom(origin: string, oneMore: OneMore): Promise<void> {
    if (!isLimited(oneMore, this.limits)) return;
    const [kept] = await this.database.sql.rows<[Kept]>`
      /* parties_of_origin */
      SELECT count(*)::int AS parties, (count(*) FILTER (WHERE is_public))::int AS "publicParties"
      FROM parties WHERE origin = ${origin}`;
    const code = refusalOfOneMore(kept, oneMore, this.limits);
    if (code) throw new LanrageError(code);
  }

  /** What is not limited need not be counted, nor wait for its turn. */
  private inTurn<Result>(origin: string, oneMore: OneMore, work: () => Promise<Result>): Promise<Result> {
    if (!isLimited(oneMore, this.limits)) return work();
    return this.turns.run(origin, async () => {
      await this.assertRoom(origin, oneMore);
      return work();
    });
  }

  private get limits(): Limits {
    const { partiesPerAddress: most, publicPartiesPerAddress: mostPublic } = this.config;
    return { most, mostPublic };
  }
}
