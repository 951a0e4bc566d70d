import { createHash } from 'node:crypto';
import type { RelayHandshake } from '#shared/api/relay-link';
import type { ServerInfo } from '#shared/api/rest';
import type { Endpoint } from '#shared/endpoint';
import { noPulse, type Pulse } from './liveness';
import type { RelayLink } from './relay-link';
import type { RelayFacts } from './selection';

/** A relay that has been in touch in this term. */
export interface Relay extends RelayFacts {
  region: string;
  publicAddress: string;
  stunEndpoints: readonly Endpoint[];
  capacityPairs: number;
  link: RelayLink | null;
  ready: boolean;
  /** It is about to stop, as it said itself, or whoever runs the server wants it empty. */
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
  /** The pairs that it announced on this connection and that stay. */
  confirmed: Set<string>;
}

/** Keeps whoever holds a secret from filling the memory with names. */
export const MAX_RELAYS = 256;
/** A relay without pairs that has been away for so long is forgotten. */
const REMEMBERED_MS = 3_600_000;
const VERSION_LENGTH = 12;

export class RelayRegistry {
  private readonly relays = new Map<string, Relay>();
  /** Those that are to carry nobody, connected or not. */
  private drained: ReadonlySet<string> = new Set();

  /** Whether there is place for a relay of this name. */
  canTake(id: string): boolean {
    return this.relays.has(id) || this.relays.size < MAX_RELAYS;
  }

  /** A relay that connects anew takes the place of its former connection. */
  connect(handshake: RelayHandshake, link: RelayLink): Relay {
    const {
      relayId: id,
      region,
      publicAddress,
      stunEndpoints,
      capacityPairs,
      draining: stopping = false,
    } = handshake;
    const former = this.relays.get(id);
    const formerLink = former?.link;
    const draining = stopping || this.drained.has(id);
    const facts = { id, region, publicAddress, stunEndpoints, capacityPairs };
    const end = { draining, stopping, drain: null };
    const touch = { link, ready: false, awaySinceMs: null, confirmed: new Set<string>() };
    const life = { pulse: noPulse, answering: false, dead: false };
    const load = {
      pairs: former?.pairs ?? 0,
      packetsPerSecond: 0,
      bytesPerSecond: 0,
      eventLoopDelayMs: null,
    };
    const relay: Relay = Object.assign(former ?? {}, { ...facts, ...end, ...touch, ...life, ...load });
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
    for (const { id, pairs, awaySinceMs } of this.relays.values()) {
      if (pairs === 0 && awaySinceMs !== null && nowMs - awaySinceMs >= REMEMBERED_MS) this.relays.delete(id);
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
