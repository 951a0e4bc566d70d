import { networkInterfaces } from 'node:os';
import { type Counted, type Flow, isBetweenOthers, keyOf, nothing } from '../flow';
import type { Forwarder } from '../forwarder';
import { Departures } from './departures';
import { nothingPassed, passage } from './passage';
import { CountsParser, type Ruleset } from './ruleset';
import { NftError, NftSession } from './session';

/** nftables, see {@link Ruleset}. */
export class NftForwarder implements Forwarder {
  readonly capacity = Infinity;
  readonly #session: NftSession;
  /** Another one, because a listing may be long, and changes should not wait for it. */
  readonly #listings = new NftSession();
  readonly #ruleset: Ruleset;
  readonly #departures = new Departures();
  #sums = nothingPassed;
  /** What the sums are compared with. */
  #since = nothingPassed;

  /** @param session in which the ruleset's table was made */
  constructor(session: NftSession, ruleset: Ruleset) {
    this.#session = session;
    this.#ruleset = ruleset;
  }

  async change(removed: readonly Flow[], added: readonly Flow[]): Promise<Counted[]> {
    const gone = removed.filter((flow) => this.#departures.delete(flow));
    const counts = await this.#countsOf(gone);
    const own = added.length > 0 ? ownAddresses() : new Set<string>();
    const line = this.#ruleset.change(
      gone,
      added.filter((flow) => isBetweenOthers(flow, own) && this.#departures.add(flow)),
    );
    if (line) await this.#session.run(line);
    return removed.map((flow) => counts.get(keyOf(flow)) ?? nothing);
  }

  /** @throws NftError when a firewall swallows what the ruleset sends on */
  async count(report: (key: number, counted: Counted) => void): Promise<Counted> {
    const parser = new CountsParser();
    await this.#listings.list(this.#ruleset.listCounts(), (text) => {
      const line = parser.line(text);
      if (!line) return;
      const counted = this.#ruleset.payload(line.counted);
      if (typeof line.of === 'number') report(line.of, counted);
      else this.#sums = { ...this.#sums, [line.of]: counted };
    });
    const { since, isSwallowed } = passage(this.#since, this.#sums);
    this.#since = since;
    if (isSwallowed) throw new NftError('a firewall drops what it forwards');
    return this.#sums.entered;
  }

  /** What passes between this and the removal, a moment later, is for nobody's account. */
  async #countsOf(flows: readonly Flow[]): Promise<ReadonlyMap<number, Counted>> {
    const counts = new Map<number, Counted>();
    if (flows.length === 0) return counts;
    const parser = new CountsParser();
    await this.#session.list(this.#ruleset.listCountsOf(flows), (text) => {
      const line = parser.line(text);
      if (typeof line?.of === 'number') counts.set(line.of, this.#ruleset.payload(line.counted));
    });
    return counts;
  }

  /** The kernel's table goes with the session. */
  async close(): Promise<void> {
    await Promise.all([this.#session.close(), this.#listings.close()]);
  }
}

/** They may change while the relay runs. */
function ownAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(all.map(({ address }) => address));
}
