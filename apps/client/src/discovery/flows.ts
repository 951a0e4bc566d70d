/** Counts of what was captured, by where it was sent to. Pure. */
import type { Verdict } from './carriage';
import { addressOf, type LanDatagram } from './packet';

export interface Flow {
  /** Where the game sent it, such as `255.255.255.255`. */
  readonly destination: string;
  readonly port: number;
  /** How many datagrams were carried, and how many copies of them were sent. */
  readonly carried: number;
  readonly copies: number;
  /** How many were not: the same as another one, or too many. */
  readonly repeated: number;
  readonly limited: number;
}

const MOST_FLOWS = 32;
const nothing = { carried: 0, copies: 0, repeated: 0, limited: 0 };

export class Flows {
  readonly #flows = new Map<string, Flow>();

  count({ destination, destinationPort: port }: LanDatagram, verdict: Verdict, copies: number): void {
    const place = `${destination} ${port}`;
    const before = this.#flows.get(place) ?? { destination: addressOf(destination), port, ...nothing };
    this.#flows.delete(place);
    this.#flows.set(place, { ...before, [verdict]: before[verdict] + 1, copies: before.copies + copies });
    const [oldest] = this.#flows.keys();
    if (this.#flows.size > MOST_FLOWS && oldest !== undefined) this.#flows.delete(oldest);
  }

  /** Those that were heard last come first. */
  latest(): Flow[] {
    return [...this.#flows.values()].reverse();
  }
}
