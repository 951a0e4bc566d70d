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
