import { isDeepStrictEqual } from 'node:util';
import type { Member, PartySettings, PartySnapshot } from '#shared/api/party';
import type { AgentEvents } from '#shared/api/signaling';
import type { Endpoint } from '#shared/endpoint';
import type { PartyId, PeerId } from '#shared/party/identity';

/**
 * A party as the control plane tells it, kept up to date by its events. Pure: every function returns a new value.
 *
 * Changes of membership are numbered: one that skips a number shows that something was missed, and only a new
 * snapshot helps. Presence and relay sessions are not numbered; there the newest word wins.
 */
export interface Membership {
  readonly id: PartyId;
  readonly name: string;
  readonly hostId: PeerId;
  readonly ownerId: PeerId;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly maxPeers: number;
  readonly settings: PartySettings;
  readonly revision: number;
  readonly members: ReadonlyMap<PeerId, Member>;
  /** Where each other member is reached through a relay; null while no relay has room. */
  readonly relays: ReadonlyMap<PeerId, Endpoint | null>;
  /** Members that said goodbye through the tunnel, of whom the server has not said so yet. */
  readonly departed: ReadonlySet<PeerId>;
}

/** The events that change a party. */
export const membershipEventNames = [
  'member.joined',
  'member.left',
  'party.changed',
  'member.presence',
  'relays.changed',
] as const;
export type MembershipEventName = (typeof membershipEventNames)[number];
export type MembershipEvent = {
  [Name in MembershipEventName]: { readonly name: Name; readonly data: AgentEvents[Name] };
}[MembershipEventName];

export interface Applied {
  readonly membership: Membership;
  /** An event in between is missing: ask for a snapshot. */
  readonly missed: boolean;
}

/** @param previous what was known of the same party: who said goodbye stays gone until seen online again */
export function membershipOf(snapshot: PartySnapshot, previous?: Membership): Membership {
  const members = new Map(snapshot.members.map((member) => [member.id, member]));
  const relays = Object.entries(snapshot.relays).map(
    ([id, session]) => [id as PeerId, session?.endpoint ?? null] as const,
  );
  const departed = [...(previous?.departed ?? [])].filter((id) => members.get(id)?.online === false);
  const { id, name, hostId, ownerId, createdAt, maxPeers, settings, revision } = snapshot;
  return {
    id,
    name,
    hostId,
    ownerId,
    createdAt,
    maxPeers,
    settings,
    revision,
    members,
    relays: new Map(relays),
    departed: new Set(departed),
  };
}

/** Applies one event; events of other parties and old news change nothing. */
export function applyEvent(membership: Membership, event: MembershipEvent): Applied {
  if (event.data.partyId !== membership.id) return { membership, missed: false };
  switch (event.name) {
    case 'member.joined':
      return inOrder(membership, event.data.revision, () => withMember(membership, event.data));
    case 'member.left':
      return inOrder(membership, event.data.revision, () => withoutMember(membership, event.data));
    case 'party.changed':
      return inOrder(membership, event.data.revision, () => withTerms(membership, event.data));
    case 'member.presence':
      return { membership: withPresence(membership, event.data), missed: false };
    case 'relays.changed':
      return { membership: withRelays(membership, event.data), missed: false };
  }
}

/** The member said goodbye itself: gone, whatever the server still believes. */
export function withGoodbye(membership: Membership, peerId: PeerId): Membership {
  if (!membership.members.has(peerId)) return membership;
  return { ...membership, departed: new Set(membership.departed).add(peerId) };
}

/** The members that are to be shown and connected to. */
export function presentMembers(membership: Membership): Member[] {
  return [...membership.members.values()].filter(({ id }) => !membership.departed.has(id));
}

export interface MembershipChange {
  readonly joined: readonly Member[];
  readonly left: readonly Member[];
  readonly hostChanged: boolean;
  /** The party's name, owner, size or settings. */
  readonly termsChanged: boolean;
}

/** What a player would notice between two states. */
export function changesBetween(before: Membership, after: Membership): MembershipChange {
  const previous = new Map(presentMembers(before).map((member) => [member.id, member]));
  const current = new Map(presentMembers(after).map((member) => [member.id, member]));
  return {
    joined: [...current.values()].filter(({ id }) => !previous.has(id)),
    left: [...previous.values()].filter(({ id }) => !current.has(id)),
    hostChanged: before.hostId !== after.hostId,
    termsChanged: !isDeepStrictEqual(termsOf(before), termsOf(after)),
  };
}

function termsOf({ name, ownerId, maxPeers, settings }: Membership) {
  return { name, ownerId, maxPeers, settings };
}

function inOrder(membership: Membership, revision: number, change: () => Membership): Applied {
  if (revision <= membership.revision) return { membership, missed: false };
  if (revision > membership.revision + 1) return { membership, missed: true };
  return { membership: { ...change(), revision }, missed: false };
}

function withMember(membership: Membership, joined: AgentEvents['member.joined']): Membership {
  const { member, relay, hostId = membership.hostId } = joined;
  return {
    ...membership,
    hostId,
    members: new Map(membership.members).set(member.id, member),
    relays: new Map(membership.relays).set(member.id, relay?.endpoint ?? null),
    departed: without(membership.departed, member.id),
  };
}

function withoutMember(membership: Membership, { peerId, hostId }: AgentEvents['member.left']): Membership {
  const members = new Map(membership.members);
  const relays = new Map(membership.relays);
  members.delete(peerId);
  relays.delete(peerId);
  return { ...membership, members, relays, hostId, departed: without(membership.departed, peerId) };
}

function withTerms(membership: Membership, terms: AgentEvents['party.changed']): Membership {
  const { name, hostId, ownerId, maxPeers, settings } = terms;
  return { ...membership, name, hostId, ownerId, maxPeers, settings };
}

function withPresence(membership: Membership, presence: AgentEvents['member.presence']): Membership {
  const { peerId, online, natType, endpoint, direct } = presence;
  const member = membership.members.get(peerId);
  if (!member) return membership;
  const members = new Map(membership.members).set(peerId, { ...member, online, natType, endpoint, direct });
  const departed = online ? without(membership.departed, peerId) : membership.departed;
  return { ...membership, members, departed };
}

function withRelays(membership: Membership, { relays }: AgentEvents['relays.changed']): Membership {
  const merged = new Map(membership.relays);
  for (const [id, session] of Object.entries(relays)) merged.set(id as PeerId, session?.endpoint ?? null);
  return { ...membership, relays: merged };
}

function without(ids: ReadonlySet<PeerId>, id: PeerId): ReadonlySet<PeerId> {
  return new Set([...ids].filter((other) => other !== id));
}
