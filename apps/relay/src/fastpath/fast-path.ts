/**
 * Hands the data of live sessions to the kernel and takes it back.
 *
 * A session goes to the kernel when it is confirmed, that is, when data went both ways between two addresses, and
 * busy enough to be worth it (see ../core/session.ts). Entering and leaving lose nothing: the flow's elements decide
 * packet by packet who forwards, and both forward to the same place.
 *
 * What user space no longer sees, and what that means:
 *
 * - *Rebinding.* Data from a new address has no element, so it reaches user space, which judges its counter against
 *   the highest that it knows. Of the packets in the kernel it knows only how many they were: each carries a counter
 *   of its own, so the highest is at least that much higher. A bound that is too low lets a stale packet move an
 *   end. Who could send one? A wiretapper, who could as well make up a higher counter; and a NAT with packets
 *   more than a second on the way. In both cases the flow leaves the kernel with the move, so the player's own
 *   next packets reach user space again and win the end back, as they do without a fast path.
 * - *Forged addresses.* A flow is one index from one address; a forger needs both to get a packet through, exactly as
 *   in user space, and it goes only to the player of that index. One packet in, one out.
 * - *Time-outs, limits and statistics* live on the kernel's counts, asked for about every second, and once more when a
 *   flow is taken out. A pair that exceeds its limit comes back to user space, which enforces it packet by packet.
 */
import type { Logger } from 'pino';
import { type Counted, type Flow, nothing } from './flow';
import { type Change, type FlowCount, FlowTable, type KernelFlow, takeCount } from './flow-table';
import type { Forwarder } from './forwarder';

/** Whose flows the kernel may carry. */
export interface FlowOwner {
  /** The flows that the kernel shall have now. */
  flows(): readonly Flow[];
  /** A flow carried something in the kernel. @returns false when it is nobody's account any more */
  carried(flow: Flow, counted: Counted): boolean;
}

const firstCountAfterMs = 200;
const countEveryMs = 1000;
/** A session that no count mentions for twice as long is taken for idle (../core/session.ts). */
const countAtLeastEveryMs = 10_000;
/** Counting shall take no more than a twentieth of one processor. */
const countShare = 20;

export class FastPath {
  readonly #forwarder: Forwarder;
  readonly #log: Logger;
  readonly #flows: FlowTable<FlowOwner>;
  readonly #changed = new Set<FlowOwner>();
  #isFlushing = false;
  #isOpen = true;
  #countTimer: NodeJS.Timeout | undefined;
  #wasBusy = false;
  #total = nothing;
  /** Counted for flows while they were in the kernel. */
  #attributed = { packets: 0, bytes: 0 };

  /** @param usualLocal which of this machine's addresses players send to, where a socket does not say it */
  constructor(
    forwarder: Forwarder,
    log: Logger,
    readonly usualLocal?: string,
  ) {
    this.#forwarder = forwarder;
    this.#log = log;
    this.#flows = new FlowTable(forwarder.capacity);
    this.#countAfter(firstCountAfterMs);
  }

  /** The owner's flows are to be looked at again. Takes effect within a few milliseconds. */
  changed(owner: FlowOwner): void {
    if (!this.#isOpen) return;
    this.#changed.add(owner);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => void this.#flush());
  }

  /** Flows in the kernel. */
  get size(): number {
    return this.#flows.size;
  }

  /** Everything the kernel has forwarded. */
  get total(): Counted {
    return this.#total;
  }

  /** Forwarded by flows that were gone before anybody asked for their count. */
  get unattributed(): Counted {
    const { packets, bytes } = this.total;
    return {
      packets: Math.max(0, packets - this.#attributed.packets),
      bytes: Math.max(0, bytes - this.#attributed.bytes),
    };
  }

  async stop(): Promise<void> {
    this.#isOpen = false;
    clearTimeout(this.#countTimer);
    this.#changed.clear();
    this.#flows.clear();
    await this.#forwarder.close();
  }

  /** One change at a time; what changes meanwhile goes into the next one. */
  async #flush(): Promise<void> {
    try {
      while (this.#changed.size > 0 && this.#isOpen) {
        const { removed, added } = this.#takeChange();
        const counts = await this.#forwarder.change(removed, added);
        removed.forEach((flow, place) => this.#account(takeCount(flow, counts[place] ?? nothing)));
      }
    } catch (error) {
      await this.#giveUp(error);
    } finally {
      this.#isFlushing = false;
    }
  }

  #takeChange(): Change<FlowOwner> {
    const removed: KernelFlow<FlowOwner>[] = [];
    const added: KernelFlow<FlowOwner>[] = [];
    for (const owner of this.#changed) {
      const change = this.#flows.replace(owner, owner.flows());
      removed.push(...change.removed);
      added.push(...change.added);
    }
    this.#changed.clear();
    return { removed, added };
  }

  #countAfter(delayMs: number): void {
    if (!this.#isOpen) return;
    this.#countTimer = setTimeout(() => void this.#count(), delayMs).unref();
  }

  async #count(): Promise<void> {
    const startedAtMs = performance.now();
    try {
      const isBusy = this.#flows.size > 0;
      // Once more when the last flow is gone, for what it had carried.
      if (isBusy || this.#wasBusy) await this.#takeCounts();
      this.#wasBusy = isBusy;
    } catch (error) {
      await this.#giveUp(error);
    }
    const pauseMs = countShare * (performance.now() - startedAtMs);
    this.#countAfter(Math.min(countAtLeastEveryMs, Math.max(countEveryMs, pauseMs)));
  }

  async #takeCounts(): Promise<void> {
    this.#flows.listingBegins();
    const total = await this.#forwarder.count((key, counted) =>
      this.#account(this.#flows.count(key, counted)),
    );
    // Flows that come and go while they are counted may be missing; what was carried once stays carried.
    if (total.packets > this.#total.packets) this.#total = total;
  }

  #account(count: FlowCount<FlowOwner> | undefined): void {
    if (!count?.owner.carried(count.flow, count.carried)) return;
    this.#attributed.packets += count.carried.packets;
    this.#attributed.bytes += count.carried.bytes;
  }

  /** Every packet reaches user space again. */
  async #giveUp(reason: unknown): Promise<void> {
    if (!this.#isOpen) return;
    this.#log.error({ err: reason }, 'kernel fast path failed, forwarding in user space');
    await this.stop();
  }
}
