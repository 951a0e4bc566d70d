import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { io, type Socket } from 'socket.io-client';
import type { z } from 'zod';
import {
  announceAnswerSchema,
  drainAnswerSchema,
  type OpenAnswer,
  PAIRS_PER_MESSAGE,
  RELAY_NAMESPACE,
  relayCommandSchemas,
  type RelayHandshake,
  type relayReportSchemas,
} from '#shared/api/relay-link';
import type { PortStats } from './core/port';
import type { Observation, Relay } from './relay';

type CommandName = keyof typeof relayCommandSchemas;
type Command<Name extends CommandName> = z.output<(typeof relayCommandSchemas)[Name]>;
type ReportName = keyof typeof relayReportSchemas;
type Report<Name extends ReportName> = z.input<(typeof relayReportSchemas)[Name]>;

type Acknowledge = (answer?: unknown) => void;
type CommandListeners = Record<CommandName, (command: unknown, acknowledge: unknown) => void>;
type ReportEmitters = Record<ReportName, (report: unknown) => void>;

const acknowledgedWithinMs = 10_000;
const firstRetryMs = 500;
const longestRetryMs = 3000;
const loadEveryMs = 5000;
/** Addresses that change together are reported together. */
const observedWithinMs = 50;

/**
 * The link to the control plane, which decides what is open here. While it is down, everything that is open stays
 * open; when it is up again, the relay says what is open and is told what to close.
 */
export class ControlLink {
  readonly #relay: Relay;
  readonly #log: Logger;
  readonly #handshake: RelayHandshake;
  readonly #eventLoopDelay = monitorEventLoopDelay();
  readonly #socket: Socket<CommandListeners, ReportEmitters>;
  readonly #unreported = new Map<string, Observation>();
  #isStopped = false;
  #isAnnounced = false;
  #isOutageKnown = false;
  /** When this relay stops, by the monotonic clock; null unless it drains. */
  #stopsAtMs: number | null = null;
  /** How often in a row the control plane was there and did not take us. */
  #refusals = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #observedTimer: NodeJS.Timeout | undefined;
  #loadTimer: NodeJS.Timeout | undefined;

  constructor(controlUrl: string, handshake: RelayHandshake, relay: Relay, log: Logger) {
    this.#relay = relay;
    this.#log = log;
    this.#handshake = handshake;
    this.#socket = io(new URL(RELAY_NAMESPACE, controlUrl).href, {
      auth: handshake,
      autoConnect: false,
      transports: ['websocket'],
      reconnectionDelay: firstRetryMs,
      reconnectionDelayMax: longestRetryMs,
    });
    this.#socket.on('connect', () => void this.#announce());
    this.#socket.on('disconnect', (reason) => this.#onDisconnect(reason));
    this.#socket.on('connect_error', (error) => this.#onRefused(error));
    this.#onCommand('pairs.open', (command) => this.#open(command));
    this.#onCommand('pairs.close', ({ pairIds }) => relay.close(pairIds));
    relay.onObserved((observations) => this.#reportSoon(observations));
  }

  /** Dials, and keeps dialling until {@link stop}. */
  start(): void {
    this.#socket.connect();
    this.#loadTimer = this.#reportLoadRegularly();
    this.#eventLoopDelay.enable();
  }

  stop(): void {
    this.#isStopped = true;
    this.#isAnnounced = false;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#observedTimer);
    clearInterval(this.#loadTimer);
    this.#eventLoopDelay.disable();
    this.#socket.disconnect();
  }

  /** Whether the control plane is connected and knows what is open here. */
  get isConnected(): boolean {
    return this.#isAnnounced;
  }

  /**
   * Asks for all pairs to be moved to other relays, and takes no more.
   *
   * @returns whether there are relays that can take them; false also while the control plane is away
   */
  async drain(withinMs: number): Promise<boolean> {
    this.#stopsAtMs = performance.now() + withinMs;
    this.#socket.auth = { ...this.#handshake, draining: true };
    return this.#isAnnounced && this.#sayDraining(this.#stopsAtMs);
  }

  /** Says what is open, in as many messages as it takes, and closes what is not wanted any more. */
  async #announce(): Promise<void> {
    try {
      const messages = inMessages(this.#relay.pairs());
      for (const [place, pairs] of messages.entries()) {
        const answer = await this.#report('pairs.announce', { pairs, final: place === messages.length - 1 });
        await this.#relay.close(announceAnswerSchema.parse(answer).close);
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'control did not take the announcement');
      return this.#dialAgain();
    }
    this.#isAnnounced = true;
    this.#isOutageKnown = false;
    this.#refusals = 0;
    this.#log.info({ pairs: this.#relay.pairCount }, 'control connected');
    this.#reportSoon(this.#relay.observations());
    if (this.#stopsAtMs !== null) await this.#sayDraining(this.#stopsAtMs);
  }

  async #sayDraining(stopsAtMs: number): Promise<boolean> {
    const withinMs = Math.max(0, Math.round(stopsAtMs - performance.now()));
    try {
      return drainAnswerSchema.parse(await this.#report('drain', { withinMs })).wait;
    } catch (error) {
      this.#log.warn({ err: error }, 'control did not take the drain');
      return false;
    }
  }

  async #open({ pairs }: Command<'pairs.open'>): Promise<OpenAnswer> {
    const results: OpenAnswer['results'] = [];
    for (const { pairId, players, preferredPort } of pairs) {
      results.push({ pairId, ...(await this.#relay.open({ pairId, players }, preferredPort)) });
    }
    return { results };
  }

  #onCommand<Name extends CommandName>(name: Name, obey: (command: Command<Name>) => Promise<unknown>): void {
    const listener = (input: unknown, acknowledge: unknown) => {
      const parsed = relayCommandSchemas[name].safeParse(input);
      if (!parsed.success) {
        this.#log.error({ command: name, err: parsed.error }, 'control sent a malformed command');
        return;
      }
      obey(parsed.data as Command<Name>).then(
        (answer) => (acknowledge as Acknowledge)(answer),
        (error: unknown) => this.#log.error({ command: name, err: error }, 'command failed'),
      );
    };
    this.#socket.on<CommandName>(name, listener);
  }

  #onDisconnect(reason: string): void {
    if (this.#isAnnounced) this.#log.warn({ reason, pairs: this.#relay.pairCount }, 'control away');
    this.#isAnnounced = false;
    if (reason === 'io server disconnect') this.#dialAgain();
  }

  /** The client retries by itself when the server cannot be reached, not when the server refuses it. */
  #onRefused(error: Error): void {
    this.#log[this.#isOutageKnown ? 'debug' : 'warn']({ reason: error.message }, 'control not connected');
    this.#isOutageKnown = true;
    if (!this.#socket.active) this.#dialAgain();
  }

  #dialAgain(): void {
    if (this.#isStopped) return;
    this.#socket.disconnect();
    clearTimeout(this.#retryTimer);
    const backoffMs = Math.min(longestRetryMs, firstRetryMs * 2 ** this.#refusals++);
    this.#retryTimer = setTimeout(() => this.#socket.connect(), backoffMs * (0.5 + Math.random()));
  }

  #reportSoon(observations: readonly Observation[]): void {
    for (const observation of observations) {
      this.#unreported.set(`${observation.pairId} ${observation.publicKey}`, observation);
    }
    this.#observedTimer ??= setTimeout(() => {
      this.#observedTimer = undefined;
      void this.#reportObserved();
    }, observedWithinMs);
  }

  /** What is not reported now is reported after the next announcement, with all other addresses. */
  async #reportObserved(): Promise<void> {
    const all = [...this.#unreported.values()];
    this.#unreported.clear();
    if (!this.#isAnnounced || all.length === 0) return;
    for (const observations of inMessages(all)) await this.#tryReport('pairs.observed', { observations });
  }

  #reportLoadRegularly(): NodeJS.Timeout {
    let before = this.#relay.totals();
    return setInterval(() => {
      const now = this.#relay.totals();
      const eventLoopDelayMs = this.#eventLoopDelay.percentile(99) / 1e6;
      this.#eventLoopDelay.reset();
      const load = { ...loadBetween(before, now), pairs: this.#relay.pairCount, eventLoopDelayMs };
      if (this.#isAnnounced) void this.#tryReport('load', load);
      before = now;
    }, loadEveryMs);
  }

  async #tryReport<Name extends ReportName>(name: Name, report: Report<Name>): Promise<void> {
    try {
      await this.#report(name, report);
    } catch (error) {
      this.#log.warn({ report: name, err: error }, 'control did not take a report');
    }
  }

  async #report<Name extends ReportName>(name: Name, report: Report<Name>): Promise<unknown> {
    const socket: Socket = this.#socket;
    return (await socket.timeout(acknowledgedWithinMs).emitWithAck(name, report)) as unknown;
  }
}

/** At least one message, if an empty one. */
function inMessages<T>(all: readonly T[]): T[][] {
  const count = Math.max(1, Math.ceil(all.length / PAIRS_PER_MESSAGE));
  return Array.from({ length: count }, (_, place) =>
    all.slice(place * PAIRS_PER_MESSAGE, (place + 1) * PAIRS_PER_MESSAGE),
  );
}

function loadBetween(before: PortStats, now: PortStats) {
  const perSecond = (difference: number) => difference / (loadEveryMs / 1000);
  return {
    packetsPerSecond: perSecond(now.forwardedPackets - before.forwardedPackets),
    bytesPerSecond: perSecond(now.forwardedBytes - before.forwardedBytes),
  };
}
