import { Logger } from '@nestjs/common';
import { answered, asked, judge, noPulse, probing } from './liveness';
import type { RelayMoves } from './moves';
import type { RelayLink } from './relay-link';
import { AddressProofs } from './address-proofs';
import type { Relay, RelayRegistry } from './registry';
import { RelayPlaces } from './relay-places';
import type { ReachWatch } from './reach-watch';
import { RelayProbes } from './relay-probes';
import type { RelaySessions } from './sessions';

/** How long a relay that is silent on STUN may take to say over its link that it lives. */
const LINK_ANSWER_MS = 1500;

/** Looks after relays and pairs, twice a second: who is dead, who needs another relay, who is to move. */
export class RelayCare {
  private readonly logger = new Logger('relays');
  private readonly probes = new RelayProbes();
  readonly addressProofs = new AddressProofs(this.probes);
  private readonly places: RelayPlaces;
  private readonly questioned = new Set<RelayLink>();
  private timer: NodeJS.Timeout | null = null;
  private readonly running = new Set<(nowMs: number) => Promise<void>>();

  constructor(
    private readonly registry: RelayRegistry,
    private readonly sessions: RelaySessions,
    private readonly moves: RelayMoves,
    private readonly reach: ReachWatch,
  ) {
    this.places = new RelayPlaces(registry);
  }

  start(): void {
    this.timer = setInterval(() => this.turn(performance.now()), probing.intervalMs);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.probes.close();
  }

  /** Looks at a relay that has just connected: its log is to say at once what is wrong with its address. */
  greet(relay: Relay, nowMs: number): void {
    this.addressProofs.examine(relay, nowMs);
    this.reach.tell(relay);
  }

  private turn(nowMs: number): void {
    for (const relay of this.registry.all()) {
      if (relay.unproven.size === 0) this.examine(relay);
      else this.addressProofs.examine(relay, nowMs);
    }
    this.reach.turn(nowMs);
    this.registry.forgetGone(nowMs);
    if (this.sessions.isSettling(nowMs)) return;
    // Only after all relays have had time to come: until then the list that they know from before is longer.
    this.places.tell();
    this.sessions.closeLingering(nowMs);
    this.run(this.rescue, nowMs);
    this.run(this.move, nowMs);
  }

  private readonly rescue = (nowMs: number) => this.sessions.assignStranded(nowMs);
  private readonly move = (nowMs: number) => this.moves.turn(nowMs);

  /** Unless the same is still under way. */
  private run(work: (nowMs: number) => Promise<void>, nowMs: number): void {
    if (this.running.has(work)) return;
    this.running.add(work);
    work(nowMs)
      .catch((error: unknown) => this.logger.error({ err: error }, 'pair reassignment failed, will retry'))
      .finally(() => this.running.delete(work));
  }

  private examine(relay: Relay): void {
    const { id: relayId, link } = relay;
    const verdict = judge(relay.pulse, link !== null);
    relay.answering = verdict === 'alive' && relay.pulse.hasAnswered;
    if (verdict === 'dead' && !relay.dead) {
      relay.dead = true;
      this.logger.error({ relayId, pairs: relay.pairs }, 'relay is dead');
    }
    if (verdict === 'suspect' && link) void this.askOverLink(relay, link);
    this.probe(relay);
  }

  private probe(relay: Relay): void {
    const [endpoint] = relay.stunEndpoints;
    if (!endpoint) return;
    const { link } = relay;
    relay.pulse = asked(relay.pulse);
    this.probes.ask(endpoint, () => {
      // What is heard of a former connection says nothing about the process that has taken its place.
      if (relay.link === link || relay.link === null) relay.pulse = answered();
    });
  }

  private async askOverLink(relay: Relay, link: RelayLink): Promise<void> {
    if (this.questioned.has(link)) return;
    this.questioned.add(link);
    const lives = await link.command('pairs.close', { pairIds: [] }, LINK_ANSWER_MS).then(
      () => true,
      () => false,
    );
    this.questioned.delete(link);
    if (relay.link !== link) return;
    if (lives) relay.pulse = noPulse;
    else if (judge(relay.pulse, true) === 'suspect') link.close();
  }
}
