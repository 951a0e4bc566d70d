/** The servers of games that have shown themselves in the party. Pure. */
import type { Sighting } from './sighting';

export interface KnownServer extends Sighting {
  /** The virtual address of the player whose machine it runs on. */
  readonly virtualIp: string;
  /** How long ago it showed itself last, in seconds. */
  readonly ageSeconds: number;
}

/** A server that has said nothing for this long is taken for closed. Most say nothing until they are asked. */
const FORGOTTEN_MS = 600_000;
/** Limit for one player: ports and names are the sender's to choose. */
const MOST_OF_PLAYER = 8;

interface Entry extends Sighting {
  readonly virtualIp: string;
  readonly seenAtMs: number;
}

export class KnownServers {
  readonly #entries = new Map<string, Entry>();

  /** @returns whether the list is another one by it */
  see(virtualIp: string, sighting: Sighting, nowMs: number): boolean {
    const place = `${virtualIp} ${sighting.port}`;
    const known = this.#entries.get(place);
    this.#entries.delete(place);
    if (!known && this.#of(virtualIp) >= MOST_OF_PLAYER) this.#forgetOldestOf(virtualIp);
    this.#entries.set(place, { ...sighting, virtualIp, seenAtMs: nowMs });
    return known?.game !== sighting.game || known.name !== sighting.name;
  }

  /** @param isPlayer whether somebody with this address is in the party @returns in the order of their names */
  list(isPlayer: (virtualIp: string) => boolean, nowMs: number): KnownServer[] {
    for (const [place, { seenAtMs }] of this.#entries)
      if (nowMs - seenAtMs > FORGOTTEN_MS) this.#entries.delete(place);
    return [...this.#entries.values()]
      .filter(({ virtualIp }) => isPlayer(virtualIp))
      .map(({ seenAtMs, ...entry }) => ({ ...entry, ageSeconds: Math.round((nowMs - seenAtMs) / 1000) }))
      .sort(
        (one, other) => one.game.localeCompare(other.game) || one.virtualIp.localeCompare(other.virtualIp),
      );
  }

  #of(virtualIp: string): number {
    return [...this.#entries.values()].filter((entry) => entry.virtualIp === virtualIp).length;
  }

  #forgetOldestOf(virtualIp: string): void {
    const [oldest] = [...this.#entries].find(([, entry]) => entry.virtualIp === virtualIp) ?? [];
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}
