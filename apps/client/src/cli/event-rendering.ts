/** What happens in a party, line by line. Pure, like rendering.ts. */
import { printable, wrap } from '#shared/terminal/text';
import { unreachedIn, type AgentEvent } from '../agent/agent-events';
import { tunnelFault } from '../doctor/tunnel-findings';
import { renderPartyChanged } from './party-rendering';
import {
  renderConnection,
  renderHostChanged,
  renderPeerJoined,
  renderPeerLeft,
  renderRepaired,
} from './rendering';

/** @returns lines; none for what a player need not know. A status says who is not reached */
export function renderEvent(event: AgentEvent): string[] {
  switch (event.event) {
    case 'status':
      return unreachedIn(event).map(renderConnection);
    case 'peerJoined':
      return [renderPeerJoined(event.data), ...unreachedIn(event).map(renderConnection)];
    case 'peerLeft':
      return [renderPeerLeft(event.data)];
    case 'hostChanged':
      return [renderHostChanged(event.data)];
    case 'connectionChanged':
      return [renderConnection(event.data)];
    case 'partyChanged':
      return [renderPartyChanged(event.data)];
    case 'stateChanged':
      return [renderStateChanged(event.data)];
    case 'gamesChanged':
      return [];
    case 'tunnelRepaired':
      return [renderRepaired(event.data)];
    case 'tunnelChanged': {
      const fault = tunnelFault(event.data);
      return fault === null ? [] : wrap(`${printable(fault)}.`);
    }
    case 'controlLost':
      return ['The server cannot be reached. The game goes on without it.'];
    case 'controlConnected':
      return ['The server is back.'];
    case 'ended':
      return wrap(event.data === null ? 'You left the party.' : printable(event.data.message));
  }
}

function renderStateChanged({ key, value, version }: Extract<AgentEvent, { event: 'stateChanged' }>['data']) {
  return `${printable(key)} ${value === undefined ? 'was removed' : `is ${printable(value)}`} (version ${version})`;
}
