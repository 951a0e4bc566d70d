import { EventEmitter } from 'node:events';
import type { ServerInfo } from '#shared/api/rest';
import type { Endpoint } from '#shared/endpoint';
import { LanrageError } from '#shared/errors';
import type { ServerRoundTrip } from './discovery';
import {
  areOtherFigures,
  figureOf,
  figuresFrom,
  measurable,
  type RelayFigure,
  type RelayInfo,
} from './relay-figures';
import { StunSocket } from './stun-socket';

interface RelayMonitorEvents {
  /** Something to tell the control plane: other figures than last time, or that they still hold. */
  news: [];
  /** The relays could not be asked for; tried again at the next turn. */
  fault: [LanrageError];
}

const INTERVAL_MS = 60_000;
/** A fifth more or less, so that agents do not measure in step. */
const JITTER = 0.2;
/** Entering a party, or a network, comes first. */
const FIRST_AFTER_MS = 1_500;
const PROBES = 3;
/** The control plane takes figures of the last five minutes for those of now. */
const REPEATED_AFTER_MS = 110_000;
const MEASUREMENT_LIMIT_MS = 5_000;
/** However many players are silent. */
const LOOKED_AGAIN_AFTER_MS = 4_000;

/**
 * Knows how far away the relays are: measures soon after the start, and every minute. The server is asked which relays
 * there are only when that has changed, so that thousands of agents at rest ask it nothing.
 */
export class RelayMonitor extends EventEmitter<RelayMonitorEvents> {
  private known: readonly RelayFigure[] = [];
  /** Null: to be asked for. */
  private relays: readonly RelayInfo[] | null = null;
  private relaysVersion: string | undefined;
  private told: readonly RelayFigure[] = [];
  private toldAtMs = -Infinity;
  private measuredAtMs = -Infinity;
  private running: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  /** @param serverInfo names the relays that there are just now */
  constructor(private readonly serverInfo: () => Promise<ServerInfo>) {
    super();
  }

  get figures(): readonly RelayFigure[] {
    return this.known;
  }

  /** Also begins anew, in another network. */
  start(): void {
    this.relays = null;
    this.schedule(FIRST_AFTER_MS);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** What was measured is of another server's relays. */
  forget(): void {
    this.relays = null;
    this.relaysVersion = undefined;
    this.known = [];
    this.told = [];
  }

  /** @param version of the server's list of relays; undefined: it does not say */
  heard(version: string | undefined): void {
    if (version === undefined || version !== this.relaysVersion) this.relays = null;
    this.relaysVersion = version;
  }

  /** Measures as soon as it may: what should answer does not. */
  look(): void {
    if (this.timer === undefined || performance.now() - this.measuredAtMs < LOOKED_AGAIN_AFTER_MS) return;
    this.measuredAtMs = performance.now();
    this.schedule(0);
  }

  /** What a NAT detection saw serves until the first measurement. */
  learn(relays: readonly RelayInfo[], stunServers: readonly ServerRoundTrip[]): void {
    if (this.timer === undefined || this.known.length === 0) this.known = figuresFrom(relays, stunServers);
  }

  private schedule(inMs: number): void {
    clearTimeout(this.timer);
    const delayMs = inMs * (1 + JITTER * (2 * Math.random() - 1));
    this.timer = setTimeout(() => void this.turn(), delayMs).unref();
  }

  private async turn(): Promise<void> {
    const { timer } = this;
    this.running ??= this.measure().finally(() => (this.running = undefined));
    await this.running;
    if (this.timer === timer) this.schedule(INTERVAL_MS);
  }

  private tell(nowMs: number): void {
    const isDue = nowMs - this.toldAtMs >= REPEATED_AFTER_MS;
    if (!isDue && !areOtherFigures(this.told, this.known)) return;
    this.told = this.known;
    this.toldAtMs = nowMs;
    this.emit('news');
  }

  private async measure(): Promise<void> {
    try {
      this.relays ??= (await this.serverInfo()).relays;
      this.measuredAtMs = performance.now();
      this.known = await measureRelays(this.relays);
      this.tell(performance.now());
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
      this.emit('fault', error);
    }
  }
}

/** Measures all at once, from a socket of their own; in 5 s at most. */
export async function measureRelays(relays: readonly RelayInfo[]): Promise<RelayFigure[]> {
  const socket = await StunSocket.open(0, AbortSignal.timeout(MEASUREMENT_LIMIT_MS));
  try {
    return await Promise.all(
      measurable(relays).map(async ({ relay, endpoint }) =>
        figureOf(relay, await probesOf(socket, endpoint)),
      ),
    );
  } finally {
    socket.close();
  }
}

/** One after the other, as long as there are answers. */
async function probesOf(socket: StunSocket, endpoint: Endpoint): Promise<number[]> {
  const probesMs: number[] = [];
  while (probesMs.length < PROBES) {
    const outcome = await socket.request(endpoint);
    if (typeof outcome === 'string') break;
    probesMs.push(outcome.roundTripMs);
  }
  return probesMs;
}
