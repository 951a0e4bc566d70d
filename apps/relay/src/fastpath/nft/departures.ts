import { type Flow, keyOf } from '../flow';
import { departureOf } from './ruleset';

/**
 * Which flows leave how. Two that would leave alike, from different ports of the relay, the kernel could not tell apart, for
 * by then that port is no longer in the packet. Only players who choose their own indices get there; the second one stays in
 * user space.
 */
export class Departures {
  readonly #flows = new Map<string, number>();

  /** False when another flow leaves like this already. */
  add(flow: Flow): boolean {
    const departure = departureOf(flow);
    if (this.#flows.has(departure)) return false;
    this.#flows.set(departure, keyOf(flow));
    return true;
  }

  /** False when the flow had not been added. */
  delete(flow: Flow): boolean {
    const departure = departureOf(flow);
    return this.#flows.get(departure) === keyOf(flow) && this.#flows.delete(departure);
  }
}
