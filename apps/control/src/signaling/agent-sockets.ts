import { Injectable } from '@nestjs/common';
import type { Namespace } from 'socket.io';
import type { AgentEventName, AgentEvents } from '#shared/api/signaling';
import type { PeerId } from '#shared/party/identity';

/** Where events for one peer are delivered, whichever connection it has just now. */
@Injectable()
export class AgentSockets {
  private namespace: Namespace | null = null;

  /** Called by the gateway once it listens. */
  attach(namespace: Namespace): void {
    this.namespace = namespace;
  }

  /** Sends to the peer if it is connected; one that is not gets a snapshot when it comes back. */
  deliver<Name extends AgentEventName>(peerId: PeerId, event: Name, payload: AgentEvents[Name]): void {
    this.namespace?.to(roomOf(peerId)).emit(event, payload);
  }

  /** Tells a peer that its key is banned, and closes its connection. */
  sendAway(peerId: PeerId): void {
    this.deliver(peerId, 'session.banned', {});
    this.namespace?.in(roomOf(peerId)).disconnectSockets(true);
  }
}

export function roomOf(peerId: PeerId): string {
  return `peer:${peerId}`;
}
