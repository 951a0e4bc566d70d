import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import {
  RateLimiterMemory,
  RateLimiterRedis,
  type IRateLimiterOptions,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';
import { LanrageError } from '#shared/errors';
import { deferred } from '../util/deferred';
import { StartError } from '../util/start-error';
import { BallotBox } from './ballot';
import type { Cluster, Duties, NodeId, Term } from './cluster';
import { counted, election, expired, leaderless, type Consequence, type Standing } from './election';
import type { OneTimeStore } from './one-time';
import { RedisBus } from './redis-bus';
import { NotLeading, type Addressee } from './wire';

const TURN_MS = 50;
/** How long a node waits at its start for a Redis that starts as well. */
const START_PATIENCE_MS = 30_000;
/** Between two tries to introduce what is here. */
const INTRODUCTION_PAUSE_MS = 500;
/** How long a question may take, elections included. */
const PATIENCE_MS = 5000;
/** An election takes less; a node that has had no leader for longer has no Redis. */
const LEADERLESS_MS = 3000;
const RETRY_SECONDS = 2;
/** How long a question waits for a leader that is none any more to be replaced. */
const NOT_LEADING_PAUSE_MS = 50;

const redisOptions = {
  lazyConnect: true,
  connectTimeout: 2000,
  commandTimeout: 1000,
  // What waits for a connection is bounded by the time-out of commands alone.
  maxRetriesPerRequest: null,
  autoResubscribe: false,
  // A message that is sent again would be heard twice.
  autoResendUnfulfilledCommands: false,
  keepAlive: 10_000,
  retryStrategy: (attempt: number) => Math.min(50 * attempt, 500),
};

/** One of several nodes that meet in Redis. */
export class RedisNode implements Cluster {
  readonly nodeId: NodeId = randomBytes(6).toString('hex');
  readonly oneTime: OneTimeStore;
  private readonly logger = new Logger('cluster');
  private readonly bus: RedisBus;
  private readonly ballots: BallotBox;
  /** Settles at the next change of leader, for callers that wait for one. */
  private change = deferred<void>();
  private standing: Standing = leaderless;
  private leaderlessSinceMs = performance.now();
  private duties: Duties | null = null;
  private term: Term | null = null;
  private wouldLead = true;
  private missed: ReadonlySet<NodeId> = new Set();
  private votedAtMs = -Infinity;
  private isVoting = false;
  private introduction: 'made' | 'due' | 'under way' = 'made';
  private introducesFromMs = -Infinity;
  private timer: NodeJS.Timeout | null = null;

  private constructor(
    private readonly commands: Redis,
    subscriber: Redis,
    private readonly prefix: string,
  ) {
    this.ballots = new BallotBox(commands, prefix, this.nodeId);
    this.oneTime = inRedis(commands, `${prefix}once:`);
    this.bus = new RedisBus(commands, subscriber, prefix, this.nodeId, {
      asked: (to, name, payload) => this.asked(to, name, payload),
      told: (term, name, payload) => this.told(term, name, payload),
      alerted: () => void this.vote(),
      interrupted: () => this.interrupted(),
      deaf: () => this.onDeaf(),
    });
  }

  /** Waits for a Redis that starts together with this node. @throws StartError when there is none */
  static async open(url: string): Promise<RedisNode> {
    const commands = new Redis(url, redisOptions);
    logOutages(commands);
    await reach(commands);
    const subscriber = commands.duplicate();
    subscriber.on('error', () => undefined); // of the same outage
    // Channels are the same in all of Redis' numbered databases.
    return new RedisNode(commands, subscriber, `lanrage:${commands.options.db ?? 0}:`);
  }

  get leads(): boolean {
    return this.term !== null;
  }

  get isLed(): boolean {
    return this.standing.leader !== null || performance.now() - this.leaderlessSinceMs < LEADERLESS_MS;
  }

  async start(duties: Duties): Promise<void> {
    this.duties = duties;
    await this.bus.start();
    await this.vote();
    this.timer = setInterval(() => this.turn(), TURN_MS);
  }

  async askLeader(name: string, payload: object): Promise<unknown> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const leader = await this.leaderBy(deadlineMs);
      try {
        if (leader === this.nodeId) return await this.asked('leader', name, payload);
        return await this.bus.ask(leader, 'leader', name, payload, deadlineMs - performance.now());
      } catch (error) {
        if (!(error instanceof NotLeading)) throw error;
        await sleep(NOT_LEADING_PAUSE_MS);
      }
    }
  }

  async ask(nodeId: NodeId, name: string, payload: object, timeoutMs: number): Promise<unknown> {
    if (nodeId === this.nodeId) return this.duties?.serve(name, payload);
    return this.bus.ask(nodeId, 'node', name, payload, timeoutMs);
  }

  tell(nodeId: NodeId, name: string, payload: object): void {
    if (nodeId === this.nodeId) this.duties?.serve(name, payload);
    else this.bus.tell(nodeId, this.standing.term, name, payload);
  }

  /** While Redis is away, each node counts for itself. */
  limiter(name: string, options: IRateLimiterOptions): RateLimiterAbstract {
    const { points = 0 } = options;
    return new RateLimiterRedis({
      ...options,
      storeClient: this.commands,
      keyPrefix: `${this.prefix}limit:${name}`,
      rejectIfRedisNotReady: true,
      insuranceLimiter: new RateLimiterMemory(options),
      // Floods are refused without a question to Redis.
      inMemoryBlockOnConsumed: points + 1,
    });
  }

  async resign(): Promise<void> {
    this.wouldLead = false;
    if (!this.term) return;
    await this.term.end();
    await this.ballots.resign(this.standing.term).catch(() => undefined); // else the lease ends by itself
    this.bus.alert();
  }

  async close(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    this.bus.close();
    // Waits for what is under way, if Redis is there.
    await this.commands.quit().catch(() => this.commands.disconnect());
  }

  private turn(): void {
    const nowMs = performance.now();
    const over = expired(this.nodeId, this.standing, nowMs);
    if (over) this.follow(over);
    if (!this.isLed) this.wake();
    if (nowMs - this.votedAtMs >= election.intervalMs) void this.vote();
    void this.introduceIfDue();
  }

  private async vote(): Promise<void> {
    if (this.isVoting) return;
    this.isVoting = true;
    const sentAtMs = performance.now();
    this.votedAtMs = sentAtMs;
    try {
      const held = this.term ? this.standing.term : 0;
      const ballot = await this.ballots.vote(held, this.wouldLead && this.bus.isListening);
      // It came too late to keep the term; the next one is for another.
      if (held !== 0 && !this.term) return;
      this.follow(counted(this.nodeId, this.standing, ballot, sentAtMs));
      this.miss(ballot.gone);
    } catch (error) {
      this.logger.debug({ err: error }, 'no ballot');
    } finally {
      this.isVoting = false;
    }
  }

  private follow({ standing, ends, begins, introduces }: Consequence): void {
    const before = this.standing;
    this.standing = standing;
    if (ends) this.endTerm();
    if (begins) this.beginTerm();
    if (introduces) this.introduction = 'due';
    if (standing.leader === before.leader && standing.term === before.term) return;
    if (standing.leader === null) this.leaderlessSinceMs = performance.now();
    if (before.leader !== null) this.bus.giveUpOn(before.leader);
    this.wake();
    void this.introduceIfDue();
  }

  /** Has those who wait for a leader look again. */
  private wake(): void {
    this.change.resolve();
    this.change = deferred<void>();
  }

  private beginTerm(): void {
    this.logger.log({ term: this.standing.term }, 'this node leads');
    this.term = this.duties?.lead() ?? null;
    this.bus.alert();
  }

  private endTerm(): void {
    this.logger.warn('this node no longer leads');
    void this.term?.end();
    this.term = null;
  }

  private miss(gone: readonly NodeId[]): void {
    for (const nodeId of gone.filter((one) => !this.missed.has(one))) {
      this.logger.warn({ gone: nodeId }, 'a node is gone');
      this.term?.nodeGone(nodeId);
    }
    this.missed = new Set(gone);
  }

  /** As the leader, nobody knows what it missed: with a new term, all nodes say again what they have. */
  private interrupted(): void {
    if (this.term) this.endTerm();
    this.introduction = 'due';
    void this.vote();
  }

  /** A node that hears nobody cannot lead. */
  private onDeaf(): void {
    if (this.term) this.endTerm();
  }

  private async introduceIfDue(): Promise<void> {
    if (this.introduction !== 'due' || this.standing.leader === null) return;
    if (performance.now() < this.introducesFromMs) return;
    this.introduction = 'under way';
    try {
      await this.duties?.introduce();
    } catch (error) {
      this.logger.warn({ err: error }, 'the leader could not be told what is connected here, will retry');
      this.introduction = 'due';
      this.introducesFromMs = performance.now() + INTRODUCTION_PAUSE_MS;
    }
    // Unless it has fallen due again meanwhile.
    if (this.introduction === 'under way') this.introduction = 'made';
  }

  private asked(to: Addressee, name: string, payload: unknown): unknown {
    const serve = to === 'leader' ? this.term?.serve : this.duties?.serve;
    if (!serve) throw new NotLeading();
    return serve(name, payload);
  }

  private told(term: number, name: string, payload: unknown): void {
    // What an older leader sent is out of date.
    if (term >= this.standing.term) this.duties?.serve(name, payload);
  }

  private async leaderBy(deadlineMs: number): Promise<NodeId> {
    for (;;) {
      if (this.standing.leader !== null) return this.standing.leader;
      const leftMs = deadlineMs - performance.now();
      if (!this.isLed || leftMs <= 0) throw unavailable();
      await Promise.race([this.change.promise, sleep(leftMs, undefined, { ref: false })]);
    }
  }
}

function unavailable(cause?: unknown): LanrageError {
  return new LanrageError('CONTROL_UNAVAILABLE', {
    message: 'This server has lost touch with its other parts. Running games go on. Try again in a moment.',
    retryAfterSeconds: RETRY_SECONDS,
    cause,
  });
}

/** Logs each outage once, however often a connection is tried. */
function logOutages(redis: Redis): void {
  const logger = new Logger('cluster');
  let isAway = false;
  redis.on('ready', () => {
    if (isAway) logger.log('Redis is back');
    isAway = false;
  });
  redis.on('error', (error) => {
    if (!isAway) logger.warn({ err: error }, 'Redis cannot be reached');
    isAway = true;
  });
}

async function reach(redis: Redis): Promise<void> {
  const untilMs = performance.now() + START_PATIENCE_MS;
  let reason = 'no answer';
  redis.on('error', ({ message }) => (reason = message));
  redis.connect().catch(() => undefined); // it is tried again and again
  while (redis.status !== 'ready') {
    if (performance.now() >= untilMs) {
      redis.disconnect();
      throw new StartError(
        `error REDIS_UNREACHABLE: Redis cannot be reached (${reason}). Start it, or check REDIS_URL.`,
      );
    }
    await sleep(TURN_MS);
  }
}

function inRedis(redis: Redis, prefix: string): OneTimeStore {
  const whileThere = <Result>(command: () => Promise<Result>): Promise<Result> =>
    redis.status === 'ready'
      ? command().catch((cause: unknown) => Promise.reject(unavailable(cause)))
      : Promise.reject(unavailable());
  return {
    put: (key, value, lifetimeMs) =>
      whileThere(async () => {
        await redis.set(prefix + key, value, 'PX', lifetimeMs);
      }),
    take: (key) => whileThere(() => redis.getdel(prefix + key)),
  };
}
