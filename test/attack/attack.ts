/**
 * What `npm run attack` plays: each attack is one thing that somebody tries against real parts, and says how often it
 * got through. Tests play the same attacks, in smaller numbers.
 */

/** The attacker. */
export type Attacker = 'stranger' | 'member' | 'server' | 'relay' | 'local user';

export interface AttackOptions {
  /** How hard to try: 1 for the command, less in tests. */
  readonly effort: number;
}

export interface AttackOutcome {
  /** How often it was tried; more than 0. */
  readonly tried: number;
  /** How often it worked; 0 is the bar. */
  readonly through: number;
  /** What a reader of the table should know, in a few words. */
  readonly note?: string;
}

export interface Attack {
  /** Unique, in lower case, such as `relayed sign-in`. */
  readonly name: string;
  readonly attacker: Attacker;
  /** `lab`: needs network namespaces, so Linux and root. */
  readonly needs?: 'lab';
  /** Starts what it attacks, and stops it again. */
  play(options: AttackOptions): Promise<AttackOutcome>;
}

/** An even sample of all there is to try, as large as the effort allows. */
export function shareOf<Item>(all: readonly Item[], effort: number): Item[] {
  const step = Math.round(1 / Math.min(1, effort));
  return all.filter((_, index) => index % step === 0);
}
