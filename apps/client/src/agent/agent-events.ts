import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { StateEntry } from '#shared/api/state';
import type { KnownServer } from '../discovery/games/known-servers';
import type { TunnelInfo, TunnelPart } from '../network/routing/tunnel-state';
import type { EndNotice } from '../party/manager-contract';
import type { Party, Peer } from '../party/party';
import type { PartyManager } from '../party-manager';
import { EventLog } from './event-log';
import type { StatusAnswer } from './local-api';
import type { SentEvent } from './sse';

/** What happens at a running agent, as its listeners get it and `lanrage events --json` prints: a line of JSON each. */
export type AgentEvent =
  /** How things stand: first, and when a party is entered. Latencies are those that were measured last. */
  | { readonly event: 'status'; readonly data: StatusAnswer }
  /** `peerLeft`: as it was last seen. `connectionChanged`: when its path failed, `reason` says why. */
  | {
      readonly event: 'peerJoined' | 'peerLeft' | 'hostChanged' | 'connectionChanged';
      readonly data: Peer;
    }
  | { readonly event: 'partyChanged'; readonly data: ReturnType<Party['toJSON']> }
  /** Without a value: the key was removed. */
  | { readonly event: 'stateChanged'; readonly data: StateEntry }
  /** All servers of games that show themselves in the party. */
  | { readonly event: 'gamesChanged'; readonly data: readonly KnownServer[] }
  | { readonly event: 'tunnelRepaired'; readonly data: readonly TunnelPart[] }
  | { readonly event: 'tunnelChanged'; readonly data: TunnelInfo }
  /** The server's events do not arrive; `controlConnected`: they do again. */
  | { readonly event: 'controlLost' | 'controlConnected'; readonly data: null }
  /** In no party any more; null: the player left it. */
  | { readonly event: 'ended'; readonly data: EndNotice | null };

/** What a PartyManager tells, for listeners in other processes. */
export class AgentEvents extends EventEmitter<{ event: [AgentEvent, SentEvent] }> {
  /** The latest, for listeners who come back. */
  readonly log = new EventLog(randomBytes(4).toString('hex'));
  private isControlLost = false;

  constructor(parties: PartyManager) {
    super();
    this.setMaxListeners(0);
    parties.on('peerJoined', (data) => this.tell({ event: 'peerJoined', data }));
    parties.on('peerLeft', (data) => this.tell({ event: 'peerLeft', data }));
    parties.on('hostChanged', (data) => this.tell({ event: 'hostChanged', data }));
    parties.on('connectionChanged', (data) => this.tell({ event: 'connectionChanged', data }));
    parties.on('partyChanged', (party) => this.tell({ event: 'partyChanged', data: party.toJSON() }));
    parties.on('stateChanged', (data) => this.tell({ event: 'stateChanged', data }));
    parties.on('gamesChanged', (data) => this.tell({ event: 'gamesChanged', data }));
    parties.on('tunnelRepaired', (data) => this.tell({ event: 'tunnelRepaired', data }));
    parties.on('tunnelChanged', (data) => this.tell({ event: 'tunnelChanged', data }));
    parties.on('controlLost', () => this.onControl(true));
    parties.on('controlConnected', () => this.onControl(false));
    parties.on('ended', (reason) =>
      this.tell({ event: 'ended', data: reason && { code: reason.code, message: reason.message } }),
    );
  }

  tell(event: AgentEvent): void {
    this.emit('event', event, this.log.add(event));
  }

  /** Tells what happens from now on. @returns how to stop */
  follow(listener: (event: AgentEvent, sent: SentEvent) => void): () => void {
    this.on('event', listener);
    return () => this.off('event', listener);
  }

  /** The first connection is no news. */
  private onControl(isLost: boolean): void {
    if (isLost !== this.isControlLost)
      this.tell({ event: isLost ? 'controlLost' : 'controlConnected', data: null });
    this.isControlLost = isLost;
  }
}

/** The players who are not reached, of whom an event tells. */
export function unreachedIn(event: AgentEvent): readonly Peer[] {
  switch (event.event) {
    case 'status':
      return event.data.status === 'in_party' ? event.data.party.peers.filter(isUnreached) : [];
    case 'peerJoined':
    case 'connectionChanged':
      return isUnreached(event.data) ? [event.data] : [];
    default:
      return [];
  }
}

function isUnreached({ connectionType }: Peer): boolean {
  return connectionType === 'failed';
}
