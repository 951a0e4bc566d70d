/**
 * Has the requests of each address take turns: a fixed number is under way at a time, the others wait in line. So a burst of
 * one address does not come between another address and its answer. Pure.
 */
export class AddressTurns {
  private readonly lines = new Map<string, Line>();

  constructor(private readonly atOnce: number) {}

  /**
   * Starts a request when it is its turn.
   *
   * @returns ends it, once: when it is answered, or when its client is gone, whether or not it had its turn
   */
  enter(address: string, start: () => void): () => void {
    const line = this.lines.get(address) ?? { underWay: 0, waiting: new Set() };
    this.lines.set(address, line);
    const turn = { start };
    line.waiting.add(turn);
    this.advance(address, line);
    return () => {
      if (!line.waiting.delete(turn)) line.underWay -= 1;
      this.advance(address, line);
    };
  }

  private advance(address: string, line: Line): void {
    for (const turn of line.waiting) {
      if (line.underWay >= this.atOnce) return;
      line.waiting.delete(turn);
      line.underWay += 1;
      turn.start();
    }
    if (line.underWay === 0) this.lines.delete(address);
  }
}

interface Line {
  underWay: number;
  /** In the order in which they came. */
  readonly waiting: Set<{ readonly start: () => void }>;
}
