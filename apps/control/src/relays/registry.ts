import { Injectable } from '@nestjs/common';
import type { Socket } from 'socket.io';
import type { RelayHandshake } from '#shared/api/relay-link';
import type { ServerInfo } from '#shared/api/rest';
import type { Endpoint } from '#shared/endpoint';
import type { RelayFacts } from './selection';

/** A relay that has been in touch since this process started. */
export interface Relay extends RelayFacts {
  region: string;
  publicAddress: string;
  stunEndpoints: readonly Endpoint[];
  capacityPairs: number;
  socket: Socket | null;
  ready: boolean;
  awaySinceMs: number | null;
  pairs: number;
  packetsPerSecond: number;
  /** The pairs that it announced on this connection and that stay. */
  confirmed: Set<string>;
}

@Injectable()
export class RelayRegistry {
  private readonly relays = new Map<string, Relay>();

  /** A relay that connects anew takes the place of its former connection. */
  connect(handshake: RelayHandshake, socket: Socket): Relay {
    const { relayId: id, region, publicAddress, stunEndpoints, capacityPairs } = handshake;
    const former = this.relays.get(id);
    const formerSocket = former?.socket;
    const facts = { id, region, publicAddress, stunEndpoints, capacityPairs };
    const link = { socket, ready: false, awaySinceMs: null, confirmed: new Set<string>() };
    const load = { pairs: former?.pairs ?? 0, packetsPerSecond: 0 };
    const relay: Relay = Object.assign(former ?? {}, { ...facts, ...link, ...load });
    this.relays.set(id, relay);
    formerSocket?.disconnect(true);
    return relay;
  }

  /** @returns false when another connection of the relay had taken over before */
  disconnect(id: string, socket: Socket, nowMs: number): boolean {
    const relay = this.relays.get(id);
    if (relay?.socket !== socket) return false;
    Object.assign(relay, { socket: null, ready: false, awaySinceMs: nowMs });
    return true;
  }

  get(id: string): Relay | null {
    return this.relays.get(id) ?? null;
  }

  all(): Relay[] {
    return [...this.relays.values()];
  }

  /** The relays in touch, as everybody may see them. */
  describe(): ServerInfo['relays'] {
    return this.all()
      .filter((relay) => relay.ready)
      .map(({ id, region, stunEndpoints }) => ({ id, region, stunEndpoints: [...stunEndpoints] }));
  }
}
