/** A server of a game, as it shows itself to those who look for one. */
export interface Sighting {
  /** The game's name, or that of the family whose protocol it speaks. */
  readonly game: string;
  /** What the server calls itself; null where it does not say. */
  readonly name: string | null;
  /** To which players connect. */
  readonly port: number;
}

/** A datagram from a server's machine. */
export interface Shown {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Buffer;
}

/** @returns null for what is not this protocol's @throws TooShortError for what is cut short */
export type Reader = (shown: Shown) => Sighting | null;

const LONGEST_NAME = 60;

/** @returns null for a port that there is not */
export function seen(game: string, name: string | null, port: number): Sighting | null {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return null;
  return {
    game: game.slice(0, LONGEST_NAME),
    name: name === null ? null : name.trim().slice(0, LONGEST_NAME),
    port,
  };
}
