import { Logger } from '@nestjs/common';
import type { PeerId } from '#shared/party/identity';
import { hasRoom } from '../../model/relay-facts';
import type { PresenceBook } from '../agents/presence';
import { probing } from './liveness';
import type { Pair } from './pair';
import { CURRENT_MS } from './reach';
import type { Relay, RelayRegistry } from './registry';
import { measuredSumsMs, placeTogether } from './selection';
import type { RelaySessions } from './sessions';
import { drainQuota, evaluate, isDue, neverSwitched, switched, type SwitchState } from './switching';

/** 50 a second: a new relay gets its pairs one by one. */
const MOVES_PER_TURN = 25;
/** The last quarter of a relay's time to drain: players who have not heard of a new relay by then must do without. */
const URGENT_SHARE = 0.25;

/** How a relay drains that is to be empty, but does not stop. */
const NO_HURRY = { stopsAtMs: Infinity, withinMs: 0 } as const;

interface Wish {
  readonly pair: Pair;
  readonly from: string;
  readonly to: string;
  /** What the pair has where it is. */
  readonly sumMs: number;
}

/**
 * Moves pairs that work: to a relay that has proved better, and away from one that is about to stop. Only if both players
 * are online, to hear of it: one who is not would go on sending to the old relay.
 */
export class RelayMoves {
  private readonly logger = new Logger('relays');
  private readonly states = new WeakMap<Pair, SwitchState>();
  private readonly wishes = new Map<Pair, Wish>();

  constructor(
    private readonly registry: RelayRegistry,
    private readonly sessions: RelaySessions,
    private readonly presence: PresenceBook,
  ) {}

  /** A player has measured its round trips: its pairs are evaluated anew. */
  measured(peerId: PeerId, roundTripsMs: Readonly<Record<string, number | null>>, nowMs: number): void {
    this.presence.measure(peerId, roundTripsMs, nowMs);
    const available = new Set(
      this.registry
        .all()
        .filter(hasRoom)
        .map(({ id }) => id),
    );
    for (const pair of this.sessions.pairsOf(peerId)) {
      const hasChoice = available.size > 1 || (pair.relayId !== null && !available.has(pair.relayId));
      if (hasChoice || this.sessions.isGuessed(pair)) this.evaluate(pair, available, nowMs);
    }
  }

  /** To be called regularly; moves a bounded number of pairs. */
  async turn(nowMs: number): Promise<void> {
    for (const relay of this.registry.all()) {
      if (relay.draining && relay.ready) await this.empty(relay, nowMs);
    }
    await this.fulfil(this.takeWishes(), nowMs);
  }

  private evaluate(pair: Pair, available: ReadonlySet<string>, nowMs: number): void {
    if (pair.relayId === null || pair.opening) return;
    const before = this.states.get(pair) ?? neverSwitched;
    if (!isDue(before, nowMs)) return;
    const sumsMs = this.sumsMs(pair, nowMs);
    const isGuessed = this.sessions.isGuessed(pair);
    const situation = { current: pair.relayId, sumsMs, isGuessed, available };
    const { state, moveTo } = evaluate(before, situation, nowMs);
    // Too soon after the last evaluation: what that one found stands.
    if (state === before) return;
    this.states.set(pair, state);
    if (sumsMs.has(pair.relayId)) this.sessions.confirm(pair);
    this.wishes.delete(pair);
    if (moveTo === null) return;
    const sumMs = sumsMs.get(pair.relayId) ?? Infinity;
    this.wishes.set(pair, { pair, from: pair.relayId, to: moveTo, sumMs });
  }

  private sumsMs(pair: Pair, nowMs: number): Map<string, number> {
    const [one, other] = pair.peers.map((peerId) => this.presence.measured(peerId));
    const isCurrent = [one, other].every((measured) => measured && nowMs - measured.atMs < CURRENT_MS);
    if (!one || !other || !isCurrent) return new Map();
    return measuredSumsMs(this.registry.all(), [one.roundTripsMs, other.roundTripsMs]);
  }

  private takeWishes(): Wish[] {
    const taken = [...this.wishes.values()].slice(0, MOVES_PER_TURN);
    for (const { pair } of taken) this.wishes.delete(pair);
    return taken.filter(({ pair, from }) => pair.relayId === from && this.areOnline(pair));
  }

  private async fulfil(wishes: readonly Wish[], nowMs: number): Promise<void> {
    const moved = new Set(await this.sessions.move(wishes, nowMs));
    for (const { pair, from, to, sumMs } of wishes) {
      if (!moved.has(pair)) continue;
      this.states.set(pair, switched(this.states.get(pair) ?? neverSwitched, from, sumMs, nowMs));
      this.logger.debug({ pairId: pair.pairId, from, to }, 'pair moved to a better relay');
    }
  }

  private async empty(relay: Relay, nowMs: number): Promise<void> {
    const { stopsAtMs, withinMs } = relay.drain ?? NO_HURRY;
    const pairs = this.sessions.pairsOn(relay.id);
    const leftMs = stopsAtMs - nowMs;
    const isUrgent = leftMs < URGENT_SHARE * withinMs;
    const movable = isUrgent ? pairs : pairs.filter((pair) => this.areOnline(pair));
    const quota = drainQuota(pairs.length, leftMs / probing.intervalMs, MOVES_PER_TURN);
    const now = movable.slice(0, quota);
    const targets = placeTogether(
      this.registry.all(),
      now.map((pair) => this.sessions.roundTripsOf(pair)),
    );
    const orders = now.flatMap((pair, place) => {
      const to = targets[place];
      return to ? [{ pair, to }] : [];
    });
    for (const pair of await this.sessions.move(orders, nowMs)) this.states.delete(pair);
  }

  private areOnline({ peers }: Pair): boolean {
    return peers.every((peerId) => this.presence.view(peerId).online);
  }
}
