import { createHmac } from 'node:crypto';
import { LanrageError } from '#shared/errors';
import type { PartyId } from '#shared/party/identity';
import type { Config } from '../../config';
import type { Database } from '../../database/database';
import { limitKey } from '../../util/client-address';
import { KeyedQueue } from '../../util/keyed-queue';
import { refusalOfOneMore, type OneMore } from './origins.rules';

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
    return this.turns.run(origin, async () => {
      await this.assertRoom(origin, { isNew: true, isPublic });
      return make();
    });
  }

  /** Lists a party that may not have been listed. @throws LanrageError TOO_MANY_PUBLIC_PARTIES, or what `list` throws */
  async list<Result>(partyId: PartyId, list: () => Promise<Result>): Promise<Result> {
    const party = await this.database.prisma.party.findUnique({
      select: { origin: true, isPublic: true },
      where: { id: partyId },
    });
    const origin = party?.origin ?? null;
    if (origin === null || party?.isPublic) return list();
    return this.turns.run(origin, async () => {
      await this.assertRoom(origin, { isNew: false, isPublic: true });
      return list();
    });
  }

  /** What {@link make} would refuse now. @throws LanrageError like it */
  async assertRoom(origin: string, oneMore: OneMore): Promise<void> {
    const { partiesPerAddress: most, publicPartiesPerAddress: mostPublic } = this.config;
    if (most === 0 && mostPublic === 0) return;
    const { party } = this.database.prisma;
    const [parties, publicParties] = await Promise.all([
      party.count({ where: { origin } }),
      party.count({ where: { origin, isPublic: true } }),
    ]);
    const code = refusalOfOneMore({ parties, publicParties }, oneMore, { most, mostPublic });
    if (code) throw new LanrageError(code);
  }
}
