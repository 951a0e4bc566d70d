/** Longer than a newcomer takes from its first word to its connection. */
const CLAIMED_MS = 5000;

interface Claim {
  readonly socketId: string;
  readonly untilMs: number;
}

/** Who is about to connect under which name: one at a time, so that of two who dial for a silent relay's name one gets it. Pure. */
export class NameClaims {
  private readonly claims = new Map<string, Claim>();

  /** @returns false while somebody else is about to connect under this name */
  claim(relayId: string, socketId: string, nowMs: number): boolean {
    for (const [id, { untilMs }] of this.claims) if (untilMs <= nowMs) this.claims.delete(id);
    if (this.claims.has(relayId)) return false;
    this.claims.set(relayId, { socketId, untilMs: nowMs + CLAIMED_MS });
    return true;
  }

  /** Ends the claim of this connection. @returns whether it had one */
  take(relayId: string, socketId: string): boolean {
    return this.claims.get(relayId)?.socketId === socketId && this.claims.delete(relayId);
  }
}
