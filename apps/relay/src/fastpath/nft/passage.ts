/** Whether what the kernel takes also comes out of it: a firewall may drop what it forwards, and says nothing. */
import { type Counted, nothing } from '../flow';

/** What the ruleset has counted at the entry to the kernel's path, and at its end. */
export type Sums = Readonly<Record<'entered' | 'left', Counted>>;

export const nothingPassed: Sums = { entered: nothing, left: nothing };

/** From so many packets on, it is no coincidence when less than half of them came out. */
const enoughPackets = 16;

/**
 * @param since what {@link Passage.since} was before
 * @returns since when the next sums are to be compared: a slow game's packets add up until they are enough
 */
export function passage(since: Sums, now: Sums): Passage {
  const grown = (name: keyof Sums) => now[name].packets - since[name].packets;
  if (grown('entered') < enoughPackets) return { since, isSwallowed: false };
  return { since: now, isSwallowed: grown('left') * 2 < grown('entered') };
}

export interface Passage {
  readonly since: Sums;
  readonly isSwallowed: boolean;
}
