/** What the connections of one address do together. Pure. */
import { TokenBucket } from '#shared/token-bucket';

/** What all connections of an address may send together: on average, for each connection that it may have, and at once. */
const PACKETS_PER_SECOND = 2;
const BYTES_PER_SECOND = 4 * 1024;
const BURST_SECONDS = 4;
/** An address that may have fewer connections than this gets the budget of this many. */
const LEAST_SHARES = 32;
/** An address without a connection is remembered for so long, so that nobody gets a new budget by connecting again. */
const MEMORY_MS = 30_000;

interface Entry {
  connections: number;
  readonly packets: TokenBucket;
  readonly bytes: TokenBucket;
  usedAtMs: number;
}

/** Counts by address; an address is any text, see client-address.ts. Times are milliseconds of one clock. */
export class AddressBook {
  private readonly entries = new Map<string, Entry>();

  /** @param most connections that one address may have; 0: any number, and what they send is not limited */
  constructor(private readonly most: number) {}

  get size(): number {
    return this.entries.size;
  }

  connectionsOf(address: string): number {
    return this.entries.get(address)?.connections ?? 0;
  }

  /** One more connection. @returns false when it would be too many; it is not counted then */
  enter(address: string, nowMs: number): boolean {
    const entry = this.entry(address, nowMs);
    if (this.most > 0 && entry.connections >= this.most) return false;
    entry.connections += 1;
    return true;
  }

  /** One connection that was counted is over. */
  leave(address: string, nowMs: number): void {
    const entry = this.entry(address, nowMs);
    entry.connections = Math.max(0, entry.connections - 1);
  }

  /** @returns whether the address may send that much more */
  spendBytes(address: string, bytes: number, nowMs: number): boolean {
    return this.most === 0 || this.entry(address, nowMs).bytes.take(bytes, nowMs);
  }

  spendPacket(address: string, nowMs: number): boolean {
    return this.most === 0 || this.entry(address, nowMs).packets.take(1, nowMs);
  }

  /** Forgets the addresses that have been gone for long enough. */
  forgetIdle(nowMs: number): void {
    for (const [address, { connections, usedAtMs }] of this.entries) {
      if (connections === 0 && nowMs - usedAtMs >= MEMORY_MS) this.entries.delete(address);
    }
  }

  private entry(address: string, nowMs: number): Entry {
    let entry = this.entries.get(address);
    if (!entry) {
      const rate = (perSecond: number) => ({ perSecond, burst: BURST_SECONDS * perSecond });
      const shares = Math.max(LEAST_SHARES, this.most);
      const packets = new TokenBucket(rate(shares * PACKETS_PER_SECOND), nowMs);
      const bytes = new TokenBucket(rate(shares * BYTES_PER_SECOND), nowMs);
      entry = { connections: 0, packets, bytes, usedAtMs: nowMs };
      this.entries.set(address, entry);
    }
    entry.usedAtMs = nowMs;
    return entry;
  }
}
