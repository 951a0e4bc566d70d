import type { AgentEventName, AgentEvents } from '#shared/api/signaling';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { PartyRecord } from './party';
import { shownName, shownSettings } from './shown';

/** One event for members of a party, after what they were sent before. */
export type News = {
  [Name in AgentEventName]: {
    readonly partyId: PartyId;
    readonly peerIds: readonly PeerId[];
    readonly event: Name;
    readonly payload: AgentEvents[Name];
  };
}[AgentEventName];

/** News for all members: the terms have changed. */
export function newsOfTerms(party: PartyRecord): News {
  const peerIds = party.members.map(({ peerId }) => peerId);
  return { partyId: party.id, peerIds, event: 'party.changed', payload: termsOf(party) };
}

/** What members hear of a change of the terms. */
export function termsOf(party: PartyRecord): AgentEvents['party.changed'] {
  const { id: partyId, revision, name, hostId, ownerId, maxPeers, settings } = party;
  const shown = { name: shownName(name, partyId), settings: shownSettings(settings) };
  return { partyId, revision, hostId, ownerId, maxPeers, ...shown };
}
