/**
 * When the members of a party hear of each other's presence. Pure.
 *
 * A change is told at once. What the same member changes within the next moment is told together, at its end: the newest
 * state, once. And a party has so many deliveries a second; when they are used up, members wait for their turn, in the order
 * in which they asked. So a change is told once to each other member, and the last state of everybody always is, while what
 * a party costs is bounded, however large it is and however often its members change.
 */
import { TokenBucket } from '#shared/token-bucket';

/** A member's changes are told this far apart. */
const APART_MS = 250;
/**
 * What a party may be told: a change of one member, told to one other, is one delivery, and takes about 50 µs. As many may go at
 * once as one change in the largest party takes; others hardly wait for that.
 */
const DELIVERIES = { perSecond: 5_000, burst: 256 };

/** Says whose presence is to be told when. Times are milliseconds of one clock. */
export class PresenceSchedule<Member> {
  /** In the order in which they asked. */
  private readonly waiting = new Set<Member>();
  private readonly toldAtMs = new Map<Member, number>();
  private readonly deliveries: TokenBucket;

  constructor(nowMs: number) {
    this.deliveries = new TokenBucket(DELIVERIES, nowMs);
  }

  /** The member has changed. */
  note(member: Member): void {
    this.waiting.add(member);
  }

  /** The members that have changed since they were told of. */
  get unsaid(): Member[] {
    return [...this.waiting];
  }

  /** Whether nothing waits, and nothing that was told matters any more. */
  isIdle(nowMs: number): boolean {
    return this.waiting.size === 0 && this.toldAtMs.size === 0 && this.deliveries.isFull(nowMs);
  }

  /** @returns the members whose newest state is to be told now @param others how many hear of each */
  take(others: number, nowMs: number): Member[] {
    for (const [member, atMs] of this.toldAtMs) {
      if (nowMs - atMs < APART_MS) break;
      this.toldAtMs.delete(member);
    }
    const due: Member[] = [];
    for (const member of this.waiting) {
      if (this.toldAtMs.has(member)) continue;
      if (!this.deliveries.take(others, nowMs)) break;
      this.waiting.delete(member);
      this.toldAtMs.set(member, nowMs);
      due.push(member);
    }
    return due;
  }

  /** How long until {@link take} may find somebody, or until this is idle. */
  waitMs(others: number, nowMs: number): number {
    if (this.waiting.size === 0) return Math.max(APART_MS, this.deliveries.waitMs(DELIVERIES.burst, nowMs));
    let apartMs = APART_MS;
    for (const member of this.waiting) {
      const toldAtMs = this.toldAtMs.get(member);
      apartMs = Math.min(apartMs, toldAtMs === undefined ? 0 : toldAtMs + APART_MS - nowMs);
    }
    return Math.max(1, apartMs, this.deliveries.waitMs(others, nowMs));
  }
}
