import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Socket } from 'socket.io';
import { answered, asked, judge, noPulse, probing } from './liveness';
import { RelayMoves } from './moves';
import { RelayRegistry, type Relay } from './registry';
import { RelayProbes } from './relay-probes';
import { RelaySessions } from './sessions';

/** How long a relay that is silent on STUN may take to say over its link that it lives. */
const LINK_ANSWER_MS = 1500;

/** Looks after relays and pairs, twice a second: who is dead, who needs another relay, who is to move. */
@Injectable()
export class RelayCare implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('relays');
  private readonly probes = new RelayProbes();
  private readonly questioned = new Set<Socket>();
  private timer: NodeJS.Timeout | null = null;
  private readonly running = new Set<(nowMs: number) => Promise<void>>();

  constructor(
    private readonly registry: RelayRegistry,
    private readonly sessions: RelaySessions,
    private readonly moves: RelayMoves,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.turn(Date.now()), probing.intervalMs);
  }

  beforeApplicationShutdown(): void {
    if (this.timer) clearInterval(this.timer);
    this.probes.close();
  }

  private turn(nowMs: number): void {
    for (const relay of this.registry.all()) this.examine(relay);
    this.registry.forgetGone(nowMs);
    if (this.sessions.isSettling(nowMs)) return;
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
      .catch((error: unknown) => this.logger.error({ err: error }, 'pairs stay where they are for now'))
      .finally(() => this.running.delete(work));
  }

  private examine(relay: Relay): void {
    const { id: relayId, socket } = relay;
    const verdict = judge(relay.pulse, socket !== null);
    relay.answering = verdict === 'alive' && relay.pulse.hasAnswered;
    if (verdict === 'dead' && !relay.dead) {
      relay.dead = true;
      this.logger.error({ relayId, pairs: relay.pairs }, 'relay is dead');
    }
    if (verdict === 'suspect' && socket) void this.askOverLink(relay, socket);
    this.probe(relay);
  }

  private probe(relay: Relay): void {
    const [endpoint] = relay.stunEndpoints;
    if (!endpoint) return;
    const { socket } = relay;
    relay.pulse = asked(relay.pulse);
    this.probes.ask(endpoint, () => {
      // What is heard of a former connection says nothing about the process that has taken its place.
      if (relay.socket === socket || relay.socket === null) relay.pulse = answered();
    });
  }

  private async askOverLink(relay: Relay, socket: Socket): Promise<void> {
    if (this.questioned.has(socket)) return;
    this.questioned.add(socket);
    const nothing = { pairIds: [] };
    const lives = await socket
      .timeout(LINK_ANSWER_MS)
      .emitWithAck('pairs.close', nothing)
      .then(
        () => true,
        () => false,
      );
    this.questioned.delete(socket);
    if (relay.socket !== socket) return;
    if (lives) relay.pulse = noPulse;
    else if (judge(relay.pulse, true) === 'suspect') socket.disconnect(true);
  }
}
