import type { Member, PartySnapshot, Presence, RelayRefusal, RelaySession } from '#shared/api/party';
import type { PeerId } from '#shared/party/identity';
import { isInsideParty } from '#shared/peer-endpoint';
import { virtualIpOfSlot, type VirtualNetwork } from '#shared/party/virtual-ip';
import type { MemberRecord, PartyRecord } from './party';
import { shownName, shownSettings } from './shown';

/** What the other members of the party see of a peer's presence. */
export type PresenceView = Pick<Presence, 'natType' | 'endpoint' | 'direct' | 'udp'> & {
  readonly online: boolean;
};

export function memberView(
  { slot, joinedAtMs, peerId, name, ...member }: MemberRecord,
  presence: PresenceView,
  network: VirtualNetwork,
): Member {
  return {
    id: peerId,
    name: shownName(name, peerId),
    ...member,
    virtualIp: virtualIpOfSlot(slot, network),
    joinedAt: new Date(joinedAtMs).toISOString(),
    ...presenceIn(network, presence),
  };
}

/** A peer's presence, without an endpoint inside the party's network, where the tunnel would lead into itself. */
export function presenceIn(network: VirtualNetwork, presence: PresenceView): PresenceView {
  const isInside = presence.endpoint && isInsideParty(presence.endpoint, network);
  return isInside ? { ...presence, endpoint: null } : presence;
}

/** The party as one of its members sees it. */
export function snapshotFor(
  viewer: PeerId,
  { createdAtMs, members, timedOut, origin: _, ...party }: PartyRecord,
  presenceOf: (peerId: PeerId) => PresenceView,
  sessionWith: (peerId: PeerId) => RelaySession | null,
  refusalWith: (peerId: PeerId) => RelayRefusal | null,
): PartySnapshot {
  const others = members.filter(({ peerId }) => peerId !== viewer);
  const memberIds = new Set(members.map(({ peerId }) => peerId));
  return {
    ...party,
    name: shownName(party.name, party.id),
    settings: shownSettings(party.settings),
    createdAt: new Date(createdAtMs).toISOString(),
    members: members.map((member) => memberView(member, presenceOf(member.peerId), party.network)),
    relays: Object.fromEntries(others.map(({ peerId }) => [peerId, sessionWith(peerId)])),
    relayRefusals: Object.fromEntries(
      others.flatMap(({ peerId }) => {
        const refusal = refusalWith(peerId);
        return refusal === null ? [] : [[peerId, refusal]];
      }),
    ),
    timedOut: timedOut.filter((peerId) => !memberIds.has(peerId)),
  };
}
