import { splitEndpoint } from '#shared/endpoint';
import { findGateway } from './gateway/default-gateway';
import { mapByAnyWay } from './gateway/discover';
import type { LocalPort, Mapper, MappingOutcome } from './gateway/mapping';
import { LEASE_SECONDS } from './gateway/schedule';

/** What came of asking the home router for several ports. */
export type PortSetOutcome =
  /** Each of them is reached at the same port of this IP address. */
  | { readonly kind: 'mapped'; readonly address: string }
  | Exclude<MappingOutcome, { readonly kind: 'mapped' }>;

/** A restarted router forgot the mappings: it gets them again after this time. */
const RENEWAL_MS = (LEASE_SECONDS / 3) * 1_000;
const RELEASE_LIMIT_MS = 2_000;
const silent: PortSetOutcome = { kind: 'silent' };

/**
 * Ports of this machine for strangers, who reach each at the same port of the home router: all of them, or none. One is asked for
 * after the other, as home routers are small machines.
 */
export class PortSet {
  private readonly mappers: { readonly mapper: Mapper; readonly local: LocalPort }[] = [];
  private readonly closed = new AbortController();
  private address: string | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** @param onLost hears once what the router says, when it maps the ports no more, or to another address */
  constructor(
    private readonly ports: readonly [LocalPort, ...LocalPort[]],
    private readonly onLost: (outcome: PortSetOutcome) => void,
  ) {}

  /** Asks the router, and then keeps the mappings until {@link close}. Never rejects. */
  async open(): Promise<PortSetOutcome> {
    const outcome = await this.mapAll();
    if (outcome.kind !== 'mapped') await this.release();
    else this.keep(outcome);
    return outcome;
  }

  /** Deletes the mappings, in 2 s at most. Never rejects. */
  async close(): Promise<void> {
    this.closed.abort();
    await this.release();
  }

  private async mapAll(): Promise<PortSetOutcome> {
    const gateway = await findGateway();
    if (!gateway) return silent;
    const [first, ...others] = this.ports;
    const attempt = (mapper: Mapper, signal: AbortSignal) => this.map(mapper, first, signal);
    const found = await mapByAnyWay(gateway, first, attempt, this.closed.signal);
    // The last way that was tried has mapped; the others have nothing to renew.
    const way = this.mappers.at(-1)?.mapper;
    if (found.kind !== 'mapped' || !way) return this.judged(found, first);
    this.mappers.splice(0, this.mappers.length - 1);
    let outcome = this.judged(found, first);
    for (const local of others) {
      if (outcome.kind !== 'mapped') return outcome;
      outcome = this.judged(await this.map(way.forPort(local), local, this.closed.signal), local);
    }
    return outcome;
  }

  private map(mapper: Mapper, local: LocalPort, signal: AbortSignal): Promise<MappingOutcome> {
    // Before it is asked: it may make the mapping, and its answer be lost.
    if (!this.mappers.some((known) => known.mapper === mapper)) this.mappers.push({ mapper, local });
    return mapper.map(LEASE_SECONDS, local.port, signal);
  }

  /** Another public port is of no use: what the server says of itself has one number for both sides. */
  private judged(outcome: MappingOutcome, { port, transport }: LocalPort): PortSetOutcome {
    if (outcome.kind !== 'mapped') return outcome;
    const { address, port: given } = splitEndpoint(outcome.endpoint);
    this.address ??= address;
    if (given === port && address === this.address) return { kind: 'mapped', address };
    const detail = `the router has given its port ${port} (${transport.toUpperCase()}) to somebody else`;
    return { kind: 'refused', detail };
  }

  private keep({ address }: { readonly address: string }): void {
    this.timer = setInterval(() => void this.renew(address), RENEWAL_MS).unref();
  }

  private async renew(address: string): Promise<void> {
    this.address = undefined;
    for (const { mapper, local } of this.mappers) {
      const outcome = this.judged(await this.map(mapper, local, this.closed.signal), local);
      if (this.closed.signal.aborted) return;
      // Silence is no answer: the lease goes on, and the next renewal asks again.
      if (outcome.kind === 'silent' || (outcome.kind === 'mapped' && outcome.address === address)) continue;
      clearInterval(this.timer);
      return this.onLost(outcome);
    }
  }

  private async release(): Promise<void> {
    clearInterval(this.timer);
    const limit = AbortSignal.timeout(RELEASE_LIMIT_MS);
    await Promise.all(this.mappers.splice(0).map(({ mapper }) => mapper.unmap(limit)));
  }
}
