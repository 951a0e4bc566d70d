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
 * - *Time-outs, limits and statistics* live on the kernel's counts, asked for about every second. A pair that exceeds
 *   its limit comes back to user space, which enforces it packet by packet.
 */
import type { Logger } from 'pino';
import { FlowTable } from './flow-table';
import { listNft, NftSession } from './nft';
import { type Counted, CountsParser, type Flow, type Ruleset } from './ruleset';

/** Whose flows the kernel may carry. */
export interface FlowOwner {
  /** The flows that the kernel shall have now. */
  flows(): readonly Flow[];
  /** A flow carried something in the kernel. */
  carried(flow: Flow, counted: Counted): void;
}

const firstCountAfterMs = 200;
const countEveryMs = 1000;
/** Counting may take a twentieth of one processor. */
const countShare = 20;
/** So many packets went into the kernel's path without half of them coming out: something behind it drops them. */
const suspicious = 16;

export class FastPath {
  readonly #session: NftSession;
  readonly #ruleset: Ruleset;
  readonly #log: Logger;
  readonly #flows = new FlowTable<FlowOwner>();
  readonly #changed = new Set<FlowOwner>();
  #isFlushing = false;
  #isOpen = true;
  #countTimer: NodeJS.Timeout | undefined;
  #sums: Record<string, Counted> = {};
  /** Counted on elements. */
  #attributed = { packets: 0, bytes: 0 };

  /** @param session in which the ruleset's table was made */
  constructor(session: NftSession, ruleset: Ruleset, log: Logger) {
    this.#session = session;
    this.#ruleset = ruleset;
    this.#log = log;
    this.#countAfter(firstCountAfterMs);
  }

  /** The owner's flows are to be looked at again. Takes effect within a few milliseconds. */
  changed(owner: FlowOwner): void {
    this.#changed.add(owner);
    if (this.#isFlushing || !this.#isOpen) return;
    this.#isFlushing = true;
    setImmediate(() => void this.#flush());
  }

  /** Flows in the kernel. */
  get size(): number {
    return this.#flows.size;
  }

  /** Everything the kernel has forwarded. */
  get total(): Counted {
    return this.#sums['entered'] ?? { packets: 0, bytes: 0 };
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
    await this.#session.close();
  }

  /** One change at a time; what changes meanwhile goes into the next one. */
  async #flush(): Promise<void> {
    try {
      while (this.#changed.size > 0 && this.#isOpen) {
        const line = this.#takeChange();
        if (line) await this.#session.run(line);
      }
    } catch (error) {
      await this.#giveUp({ err: error });
    } finally {
      this.#isFlushing = false;
    }
  }

  #takeChange(): string | undefined {
    const removed: Flow[] = [];
    const added: Flow[] = [];
    for (const owner of this.#changed) {
      const change = this.#flows.replace(owner, owner.flows());
      removed.push(...change.removed);
      added.push(...change.added);
    }
    this.#changed.clear();
    return this.#ruleset.change(removed, added);
  }

  #countAfter(delayMs: number): void {
    if (!this.#isOpen) return;
    this.#countTimer = setTimeout(() => void this.#count(), delayMs).unref();
  }

  async #count(): Promise<void> {
    const startedAtMs = performance.now();
    if (this.#flows.size > 0) {
      const before = this.#sums;
      const parser = new CountsParser();
      await listNft(this.#ruleset.listCounts(), (line) => this.#takeLine(parser.line(line)));
      if (isSwallowed(before, this.#sums)) await this.#giveUp({ before, now: this.#sums });
    }
    this.#countAfter(Math.max(countEveryMs, countShare * (performance.now() - startedAtMs)));
  }

  #takeLine(line: ReturnType<CountsParser['line']>): void {
    if (!line) return;
    const counted = this.#ruleset.payload(line.counted);
    const flowCount = this.#flows.count(line.name, counted);
    if (flowCount) {
      const { owner, flow, carried } = flowCount;
      this.#attributed.packets += carried.packets;
      this.#attributed.bytes += carried.bytes;
      owner.carried(flow, carried);
    } else if (line.name === 'entered' || line.name === 'left') {
      this.#sums = { ...this.#sums, [line.name]: counted };
    }
  }

  /** The kernel's table goes with the session, and every packet reaches user space again. */
  async #giveUp(reason: object): Promise<void> {
    if (!this.#isOpen) return;
    this.#log.error(reason, 'kernel fast path failed, forwarding in user space');
    await this.stop();
  }
}

function isSwallowed(before: Record<string, Counted>, now: Record<string, Counted>): boolean {
  const grown = (name: string) => (now[name]?.packets ?? 0) - (before[name]?.packets ?? 0);
  return grown('entered') >= suspicious && grown('left') * 2 < grown('entered');
}
