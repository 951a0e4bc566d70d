interface Lingerer {
  readonly pairId: string;
  readonly relayId: string;
  readonly untilMs: number;
}

/**
 * Pairs that have moved and stay open on their old relay for a while: until both players have heard of the new one,
 * packets still come that way. Pure; times are given by the caller.
 */
export class Lingering {
  private readonly lingerers = new Map<string, Lingerer>();

  add(pairId: string, relayId: string, untilMs: number): void {
    this.lingerers.set(keyOf(pairId, relayId), { pairId, relayId, untilMs });
  }

  has(pairId: string, relayId: string): boolean {
    return this.lingerers.has(keyOf(pairId, relayId));
  }

  /** How many linger on that relay. */
  countOn(relayId: string): number {
    let count = 0;
    for (const lingerer of this.lingerers.values()) if (lingerer.relayId === relayId) count += 1;
    return count;
  }

  /** The pair is wanted on that relay again. */
  cancel(pairId: string, relayId: string): void {
    this.lingerers.delete(keyOf(pairId, relayId));
  }

  /** @returns the lingerers whose time is over; they are forgotten */
  takeDue(nowMs: number): Lingerer[] {
    return this.take(({ untilMs }) => untilMs <= nowMs);
  }

  /** @returns the lingerers of pairs that have ended; they are forgotten */
  takeOf(pairIds: ReadonlySet<string>): Lingerer[] {
    return this.lingerers.size === 0 ? [] : this.take(({ pairId }) => pairIds.has(pairId));
  }

  private take(isTaken: (lingerer: Lingerer) => boolean): Lingerer[] {
    const taken = [...this.lingerers.values()].filter(isTaken);
    for (const { pairId, relayId } of taken) this.cancel(pairId, relayId);
    return taken;
  }
}

function keyOf(pairId: string, relayId: string): string {
  return `${pairId} ${relayId}`;
}
