import { createHash } from 'node:crypto';

/** UDP ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export function portCount({ first, last }: PortRange): number {
  return last - first + 1;
}

/**
 * The ports to try for a pair, each once: the preferred one if it lies in the range, then all of them from a place
 * that the pair's id gives. So a pair finds its port again after a restart, and firewalls see old acquaintances.
 */
export function* portsToTry(pairId: string, range: PortRange, preferred: number | null): Generator<number> {
  const isPreferred = (port: number) => port === preferred;
  if (preferred !== null && preferred >= range.first && preferred <= range.last) yield preferred;
  const count = portCount(range);
  // An integer to V8 as well, which would else keep all ports that are ever seen in objects of their own.
  const start = (createHash('sha256').update(pairId).digest().readUIntBE(0, 6) % count) | 0;
  for (let step = 0; step < count; step++) {
    const port = range.first + ((start + step) % count);
    if (!isPreferred(port)) yield port;
  }
}

/** The ports of a range whose turn it is. In a round of so many turns each port has exactly one. */
export function* portsOfTurn(
  { first, last }: PortRange,
  turn: number,
  turnsPerRound: number,
): Generator<number> {
  for (let port = first + (turn % turnsPerRound); port <= last; port += turnsPerRound) yield port;
}
