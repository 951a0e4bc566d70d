interface Waiting {
  readonly value: string;
  readonly expiresAtMs: number;
}

/** Values of one lifetime that can be taken once, in memory; a flood drops the oldest, not the memory. Pure. */
export class OneTimeBook {
  /** In order of expiry, which is that of arrival: all live equally long. */
  private readonly waiting = new Map<string, Waiting>();

  constructor(private readonly capacity: number) {}

  put(key: string, value: string, expiresAtMs: number, nowMs: number): void {
    this.dropExpired(nowMs);
    const [oldest] = this.waiting.keys();
    if (this.waiting.size >= this.capacity && oldest !== undefined) this.waiting.delete(oldest);
    this.waiting.set(key, { value, expiresAtMs });
  }

  take(key: string, nowMs: number): string | null {
    const found = this.waiting.get(key);
    this.waiting.delete(key);
    return found && found.expiresAtMs > nowMs ? found.value : null;
  }

  private dropExpired(nowMs: number): void {
    for (const [key, { expiresAtMs }] of this.waiting) {
      if (expiresAtMs > nowMs) return;
      this.waiting.delete(key);
    }
  }
}
