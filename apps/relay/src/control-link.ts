import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { io, type Socket } from 'socket.io-client';
import type { z } from 'zod';
import { remoteError } from '#shared/api/remote-error';
import {
  announceAnswerSchema,
  type AnnouncedRelay,
  CONTROL_PROOF_EVENT,
  drainAnswerSchema,
  type OpenAnswer,
  PAIRS_PER_MESSAGE,
  RELAY_NAMESPACE,
  relayCommandSchemas,
  type relayReportSchemas,
} from '#shared/api/relay-link';
import { errorBodySchema } from '#shared/api/rest';
import { backoffMs, type Backoff } from '#shared/backoff';
import { isErrorCode, type LanrageError } from '#shared/errors';
import { AddressProof } from './address-proof';
import type { PortStats } from './core/port';
import { LinkSignIn } from './link-sign-in';
import { underPath } from './server-path';
import type { Observation, Relay } from './relay';
import type { StunServer } from './stun/server';

type CommandName = keyof typeof relayCommandSchemas;
type Command<Name extends CommandName> = z.output<(typeof relayCommandSchemas)[Name]>;
type ReportName = keyof typeof relayReportSchemas;
type Report<Name extends ReportName> = z.input<(typeof relayReportSchemas)[Name]>;

type Acknowledge = (answer?: unknown) => void;
type CommandListeners = Record<CommandName, (command: unknown, acknowledge: unknown) => void> &
  Record<typeof CONTROL_PROOF_EVENT, (proof: unknown) => void>;
type ReportEmitters = Record<ReportName, (report: unknown) => void>;

export interface ControlLinkOptions {
  /** With the scheme, as in `http://192.0.2.1:8080`, and a path where it is published under one. */
  readonly controlUrl: string;
  /** The control plane's as well. */
  readonly secret: string;
  /** What the control plane is told of this relay. */
  readonly announced: AnnouncedRelay;
  /** Where the control plane's STUN requests come to. */
  readonly stun: StunServer;
}

const acknowledgedWithinMs = 10_000;
/** How long the control plane may take to prove itself. */
const provenWithinMs = 5000;
const retries: Backoff = { firstMs: 500, longestMs: 3000 };
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
  readonly #announced: AnnouncedRelay;
  readonly #controlUrl: string;
  readonly #signIn: LinkSignIn;
  readonly #addressProof: AddressProof;
  readonly #eventLoopDelay = monitorEventLoopDelay();
  readonly #socket: Socket<CommandListeners, ReportEmitters>;
  readonly #unreported = new Map<string, Observation>();
  #isStopped = false;
  /** How many were tried; what is under way for one before the last is of no use. */
  #connections = 0;
  /** Whether the control plane has shown on this connection that it holds the secret; it is obeyed only then. */
  #isControlProven = false;
  #isAnnounced = false;
  #tellConnected = () => {};
  #isOutageKnown = false;
  #lastCommand: Promise<unknown> = Promise.resolve();
  /** When this relay stops, by the monotonic clock; null unless it drains. */
  #stopsAtMs: number | null = null;
  /** How often in a row the control plane was there and did not take us. */
  #refusals = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #proofTimer: NodeJS.Timeout | undefined;
  #observedTimer: NodeJS.Timeout | undefined;
  #loadTimer: NodeJS.Timeout | undefined;

  /** Resolves when the control plane is connected for the first time. */
  readonly connected = new Promise<void>((resolve) => (this.#tellConnected = resolve));

  constructor({ controlUrl, secret, announced, stun }: ControlLinkOptions, relay: Relay, log: Logger) {
    this.#relay = relay;
    this.#log = log;
    this.#announced = announced;
    this.#signIn = new LinkSignIn(controlUrl, secret);
    this.#addressProof = new AddressProof(stun, announced, log);
    const server = new URL(controlUrl);
    // Without what may be a password in it.
    this.#controlUrl = server.origin + server.pathname;
    this.#socket = io(`${server.origin}${RELAY_NAMESPACE}`, {
      path: underPath(server, '/socket.io'),
      auth: (send) => void this.#beginSignIn(send),
      autoConnect: false,
      transports: ['websocket'],
      reconnectionDelay: retries.firstMs,
      reconnectionDelayMax: retries.longestMs,
    });
    this.#socket.on('connect', () => this.#awaitProof());
    this.#socket.on(CONTROL_PROOF_EVENT, (proof) => this.#onProof(proof));
    this.#socket.on('disconnect', (reason) => this.#onDisconnect(reason));
    this.#socket.on('connect_error', (error) => this.#onRefused(error));
    this.#onCommand('pairs.open', (command) => this.#inOrder(() => this.#open(command)));
    this.#onCommand('pairs.close', ({ pairIds }) => this.#inOrder(() => relay.close(pairIds)));
    this.#onCommand('pairs.list', () => Promise.resolve(void this.#announce()));
    this.#onCommand('relays.known', ({ addresses }) => Promise.resolve(relay.refuseSources(addresses)));
    this.#onCommand('address.prove', ({ prefix }) => Promise.resolve(this.#proveAddress(prefix)));
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
    this.#connections++;
    this.#isAnnounced = false;
    this.#isControlProven = false;
    this.#addressProof.stop();
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#proofTimer);
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
    return this.#isAnnounced && this.#sayDraining(this.#stopsAtMs);
  }

  /** Gives socket.io what it sends to be let in; called for each connection. */
  async #beginSignIn(send: (handshake: object) => void): Promise<void> {
    const connection = ++this.#connections;
    try {
      const draining = this.#stopsAtMs !== null;
      const handshake = await this.#signIn.begin({ ...this.#announced, draining });
      if (connection === this.#connections) send(handshake);
    } catch (error) {
      if (connection !== this.#connections) return;
      this.#noteRefusal(error);
      this.#dialAgain();
    }
  }

  #awaitProof(): void {
    clearTimeout(this.#proofTimer);
    this.#proofTimer = setTimeout(() => this.#onProof(undefined), provenWithinMs);
  }

  /** A control plane that cannot show the secret hears nothing of what is open here, and is not obeyed. */
  #onProof(proof: unknown): void {
    clearTimeout(this.#proofTimer);
    if (this.#isControlProven) return;
    if (!this.#signIn.accepts(proof)) {
      const why = 'the server does not know our LANRAGE_RELAY_SECRET; ignoring it';
      this.#log.error(why);
      return this.#dialAgain();
    }
    this.#isControlProven = true;
    void this.#announce();
  }

  #proveAddress(prefix: string): void {
    this.#addressProof.begin(prefix, (transactionId) => {
      void this.#tryReport('address.seen', { transactionId });
    });
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
    this.#tellConnected();
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

  /** A close that followed an open must not overtake it: what is opened after it stays open forever. */
  #inOrder<T>(obey: () => Promise<T>): Promise<T> {
    const answer = this.#lastCommand.then(obey);
    this.#lastCommand = answer.catch(() => undefined);
    return answer;
  }

  #onCommand<Name extends CommandName>(name: Name, obey: (command: Command<Name>) => Promise<unknown>): void {
    const listener = (input: unknown, acknowledge: unknown) => {
      if (!this.#isControlProven) {
        this.#log.error({ command: name }, 'command from a peer that has not proven to be the control plane');
        return;
      }
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
    this.#isControlProven = false;
    clearTimeout(this.#proofTimer);
    if (reason === 'io server disconnect') this.#dialAgain();
  }

  /** The client retries by itself when the server cannot be reached, not when the server refuses it. */
  #onRefused(error: Error): void {
    this.#noteRefusal(error);
    if (!this.#socket.active) this.#dialAgain();
  }

  #noteRefusal(error: unknown): void {
    const facts = { controlUrl: this.#controlUrl, ...reasonOf(error) };
    this.#log[this.#isOutageKnown ? 'debug' : 'warn'](facts, 'control not connected');
    this.#isOutageKnown = true;
  }

  #dialAgain(): void {
    if (this.#isStopped) return;
    this.#connections++;
    this.#socket.disconnect();
    clearTimeout(this.#retryTimer);
    const delayMs = backoffMs(retries, this.#refusals++) * (0.5 + Math.random());
    this.#retryTimer = setTimeout(() => this.#socket.connect(), delayMs);
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

/** For the log: the code and the sentence of a refusal, or what went wrong on the way. */
function reasonOf(error: unknown): object {
  const refusal = errorBodySchema.safeParse((error as { data?: unknown }).data);
  const { message, code, cause } = refusal.success
    ? remoteError(refusal.data.error)
    : (error as LanrageError);
  // The error of fetch says no more than that it failed; its cause says why.
  const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
  return { ...(isErrorCode(code) && { code }), reason };
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
