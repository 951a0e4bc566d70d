import { type Counted, type Flow, keyOf, nothing } from '../flow';
import type { Forwarder } from '../forwarder';
import { Departures } from './departures';
import { CountsParser, type Ruleset } from './ruleset';
import { NftError, NftSession } from './session';

/** So many packets went into the kernel's path without half of them coming out: something behind it drops them. */
const suspicious = 16;

/** What the ruleset has counted at the entry to the kernel's path, and at its end. */
type Sums = Readonly<Record<'entered' | 'left', Counted>>;

/** nftables, see {@link Ruleset}. */
export class NftForwarder implements Forwarder {
  readonly capacity = Infinity;
  readonly #session: NftSession;
  /** Another one, because a listing may be long, and changes should not wait for it. */
  readonly #listings = new NftSession();
  readonly #ruleset: Ruleset;
  readonly #departures = new Departures();
  #sums: Sums = { entered: nothing, left: nothing };

  /** @param session in which the ruleset's table was made */
  constructor(session: NftSession, ruleset: Ruleset) {
    this.#session = session;
    this.#ruleset = ruleset;
  }

  async change(removed: readonly Flow[], added: readonly Flow[]): Promise<Counted[]> {
    const gone = removed.filter((flow) => this.#departures.delete(flow));
    const counts = await this.#countsOf(gone);
    const line = this.#ruleset.change(
      gone,
      added.filter((flow) => this.#departures.add(flow)),
    );
    if (line) await this.#session.run(line);
    return removed.map((flow) => counts.get(keyOf(flow)) ?? nothing);
  }

  /** @throws NftError when a firewall swallows what the ruleset sends on */
  async count(report: (key: number, counted: Counted) => void): Promise<Counted> {
    const before = this.#sums;
    const parser = new CountsParser();
    await this.#listings.list(this.#ruleset.listCounts(), (text) => {
      const line = parser.line(text);
      if (!line) return;
      const counted = this.#ruleset.payload(line.counted);
      if (typeof line.of === 'number') report(line.of, counted);
      else this.#sums = { ...this.#sums, [line.of]: counted };
    });
    if (isSwallowed(before, this.#sums)) throw new NftError('a firewall drops what it forwards');
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

function isSwallowed(before: Sums, now: Sums): boolean {
  const grown = (name: keyof Sums) => now[name].packets - before[name].packets;
  return grown('entered') >= suspicious && grown('left') * 2 < grown('entered');
}
