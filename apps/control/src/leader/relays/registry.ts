import { createHash } from 'node:crypto';
import type { AnnouncedRelay } from '#shared/api/relay-link';
import type { ServerInfo } from '#shared/api/rest';
import type { Endpoint } from '#shared/endpoint';
import { TokenBucket } from '#shared/token-bucket';
import { newAudit, type Audit } from './audit';
import { noPulse, type Pulse } from './liveness';
import { unasked, type Reach } from './reach';
import type { RelayLink } from './relay-link';
import type { AdmittedRelay } from '../../leader-client/contract';
import type { RelayFacts } from '../../model/relay-facts';

/** A relay that has been in touch in this term. */
export interface Relay extends RelayFacts {
  region: string;
  publicAddress: string;
  ports: AnnouncedRelay['ports'];
  stunEndpoints: readonly Endpoint[];
  capacityPairs: number;
  link: RelayLink | null;
  /** The other end of its link; null when it cannot be told. */
  clientAddress: string | null;
  /** The announced addresses that are not known yet to be its own. While there are any, it carries nobody. */
  unproven: Set<string>;
  /** When its link began. */
  linkedAtMs: number;
  /** What agents say of the ways to it. */
  reach: Reach;
  ready: boolean;
  /** It is about to stop, as it said itself, or the operator wants it empty. */
  draining: boolean;
  /** It said itself that it is about to stop. */
  stopping: boolean;
  /** When it stops, empty or not, and how much time it gave for that; null until it has said so. */
  drain: { readonly stopsAtMs: number; readonly withinMs: number } | null;
  awaySinceMs: number | null;
  pulse: Pulse;
  answering: boolean;
  dead: boolean;
  pairs: number;
  packetsPerSecond: number;
  bytesPerSecond: number;
  /** As it reported last; null when it does not say. */
  eventLoopDelayMs: number | null;
  audit: Audit;
  /** The pairs that it announced on this connection and that stay. */
  confirmed: Set<string>;
  /** How many pairs it may announce and report on, over all its connections: connecting again gives it no more. */
  readonly words: TokenBucket;
}

/** Keeps a holder of the secret from filling the memory with names. */
export const MAX_RELAYS = 256;
/** A relay without pairs that has been away for so long is forgotten. */
const REMEMBERED_MS = 3_600_000;
const VERSION_LENGTH = 12;
/** A full relay announces and reports all that it has a few times when it connects, 20,000 pairs each. */
const WORDS = { perSecond: 4000, burst: 120_000 };

export class RelayRegistry {
  private readonly relays = new Map<string, Relay>();
  /** The relays that are to carry nobody, connected or not. */
  private drained: ReadonlySet<string> = new Set();

  /** Whether there is place for a relay of this name. */
  canTake(id: string): boolean {
    return this.relays.has(id) || this.relays.size < MAX_RELAYS;
  }

  /** A relay that connects anew takes the place of its former connection. */
  connect(admitted: AdmittedRelay, link: RelayLink, nowMs: number): Relay {
    const { announced, clientAddress } = admitted;
    const { relayId: id, draining: stopping, ...facts } = announced;
    const former = this.relays.get(id);
    const formerLink = former?.link;
    const draining = stopping || this.drained.has(id);
    const end = { draining, stopping, drain: null };
    const unproven = new Set(admitted.unproven);
    // Until it is known where it is, it is of no more use than one that is away.
    const awaySinceMs = unproven.size > 0 ? (former?.awaySinceMs ?? nowMs) : null;
    const touch = { link, clientAddress, unproven, ready: false, awaySinceMs, confirmed: new Set<string>() };
    const ways = { linkedAtMs: nowMs, reach: unasked };
    const life = { pulse: noPulse, answering: false, dead: false, audit: newAudit(nowMs) };
    const load = {
      pairs: former?.pairs ?? 0,
      packetsPerSecond: 0,
      bytesPerSecond: 0,
      eventLoopDelayMs: null,
    };
    const words = former?.words ?? new TokenBucket(WORDS, nowMs);
    const all = { id, ...facts, ...end, ...touch, ...ways, ...life, ...load, words };
    const relay: Relay = Object.assign(former ?? {}, all);
    this.relays.set(id, relay);
    if (formerLink?.socketId !== link.socketId) formerLink?.close();
    return relay;
  }

  /** @returns false when another connection of the relay had taken over before */
  disconnect(id: string, socketId: string, nowMs: number): boolean {
    const relay = this.linked(id, socketId);
    if (!relay) return false;
    Object.assign(relay, { link: null, ready: false, awaySinceMs: nowMs });
    return true;
  }

  /** The relay if this is its connection, else null: another one has taken over. */
  linked(id: string, socketId: string): Relay | null {
    const relay = this.relays.get(id);
    return relay?.link?.socketId === socketId ? relay : null;
  }

  /** Has these relays give their pairs away and take no more, as long as they are named; no others but those that stop. */
  setDrained(ids: ReadonlySet<string>): void {
    this.drained = ids;
    for (const relay of this.relays.values()) relay.draining = relay.stopping || ids.has(relay.id);
  }

  isDrained(id: string): boolean {
    return this.drained.has(id);
  }

  forgetGone(nowMs: number): void {
    for (const { id, link, pairs, awaySinceMs } of this.relays.values()) {
      const isGone = link === null && awaySinceMs !== null && nowMs - awaySinceMs >= REMEMBERED_MS;
      if (isGone && pairs === 0) this.relays.delete(id);
    }
  }

  get(id: string): Relay | null {
    return this.relays.get(id) ?? null;
  }

  all(): Relay[] {
    return [...this.relays.values()];
  }

  /** Changes whenever {@link describe} says something else. */
  describedVersion(): string {
    const text = JSON.stringify(this.describe());
    return createHash('sha256').update(text).digest('base64url').slice(0, VERSION_LENGTH);
  }

  /** The relays in touch that will stay, as everybody may see them. */
  describe(): ServerInfo['relays'] {
    return this.all()
      .filter((relay) => relay.ready && !relay.draining)
      .map(({ id, region, stunEndpoints }) => ({ id, region, stunEndpoints: [...stunEndpoints] }));
  }
}
