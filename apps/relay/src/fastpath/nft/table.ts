import type { Counted, Flow } from '../flow';
import type { Departures } from './departures';
import { nothingPassed, passage } from './passage';
import { CountsParser, Ruleset, type RulesetOptions } from './ruleset';
import type { NftProcess } from './nft-process';

/** The flows by one address of the machine in the kernel, see {@link Ruleset}. */
export class NftTable {
  readonly #session: NftProcess;
  readonly #ruleset: Ruleset;
  readonly #departures: Departures;
  #sums = nothingPassed;
  /** What the sums are compared with. */
  #since = nothingPassed;

  /** @param departures of all tables: a packet that leaves passes each of them */
  constructor(session: NftProcess, options: RulesetOptions, departures: Departures) {
    this.#session = session;
    this.#departures = departures;
    this.#ruleset = new Ruleset(options);
  }

  /** To be called first. @throws NftError */
  create(): Promise<void> {
    return this.#session.run(this.#ruleset.create());
  }

  /** @param counts gets what each of those removed has carried, by its key @throws NftError */
  async change(
    removed: readonly Flow[],
    added: readonly Flow[],
    counts: Map<number, Counted>,
  ): Promise<void> {
    const gone = removed.filter((flow) => this.#departures.delete(flow));
    await this.#countsOf(gone, counts);
    const line = this.#ruleset.change(
      gone,
      added.filter((flow) => this.#departures.add(flow)),
    );
    if (line) await this.#session.run(line);
  }

  /** @returns what all flows have carried, and whether a firewall swallows what the table sends on */
  async count(
    listings: NftProcess,
    report: (key: number, counted: Counted) => void,
  ): Promise<{ entered: Counted; isSwallowed: boolean }> {
    const parser = new CountsParser();
    await listings.list(this.#ruleset.listCounts(), (text) => {
      const line = parser.line(text);
      if (!line) return;
      const counted = this.#ruleset.payload(line.counted);
      if (typeof line.of === 'number') report(line.of, counted);
      else this.#sums = { ...this.#sums, [line.of]: counted };
    });
    const { since, isSwallowed } = passage(this.#since, this.#sums);
    this.#since = since;
    return { entered: this.#sums.entered, isSwallowed };
  }

  /** Reads what flows have carried. What passes between this and their removal, a moment later, is charged to nobody. */
  async #countsOf(flows: readonly Flow[], counts: Map<number, Counted>): Promise<void> {
    if (flows.length === 0) return;
    const parser = new CountsParser();
    await this.#session.list(this.#ruleset.listCountsOf(flows), (text) => {
      const line = parser.line(text);
      if (typeof line?.of === 'number') counts.set(line.of, this.#ruleset.payload(line.counted));
    });
  }
}
