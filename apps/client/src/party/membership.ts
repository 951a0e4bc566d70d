import { isDeepStrictEqual } from 'node:util';
import {
  MOST_MEMBERS,
  type Member,
  type PartySettings,
  type PartySnapshot,
  type RelayRefusal,
  type RelaySession,
} from '#shared/api/party';
import type { AgentEvents } from '#shared/api/signaling';
import type { Endpoint } from '#shared/endpoint';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { isInsideParty } from '#shared/peer-endpoint';
import { parseVirtualNetwork, type VirtualNetwork } from '#shared/party/virtual-ip';

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
  /** The network of the members' addresses, for good. */
  readonly network: VirtualNetwork;
  readonly revision: number;
  readonly members: ReadonlyMap<PeerId, Member>;
  /** Where each other member is reached through a relay; null while no relay has room. */
  readonly relays: ReadonlyMap<PeerId, Endpoint | null>;
  /** Members for whom the server last named a relay to which this machine does not send on its word. */
  readonly refusedRelays: ReadonlySet<PeerId>;
  /** Why there is no session with these members, as the server says. */
  readonly relayRefusals: ReadonlyMap<PeerId, RelayRefusal>;
  /** Members that said goodbye through the tunnel, of whom the server has not said so yet. */
  readonly departed: ReadonlySet<PeerId>;
  /**
   * Players who timed out at the server, but answer here. They are kept as they were until they are members again, until
   * somebody ends their stay, or until they answer no more. They have no relay, and no member has their address.
   */
  readonly doubted: ReadonlyMap<PeerId, Member>;
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

/** What this machine knows for itself, whatever the server says. */
export interface Witness {
  /** Whether it sends to an endpoint because the server named it. */
  mayName(endpoint: Endpoint): boolean;
  /** Whether it has a direct path to the peer, and has answers by it. */
  isAnswering(peerId: PeerId): boolean;
}

/**
 * @param previous what was known of the same party: who said goodbye stays gone until seen online again, and who
 * timed out stays while answering
 * @throws LanrageError SERVER_MISBEHAVES for a network that no party has, or another one than before
 */
export function membershipOf(snapshot: PartySnapshot, witness: Witness, previous?: Membership): Membership {
  const network = networkOf(snapshot, previous);
  const members = new Map(snapshot.members.map((member) => [member.id, member]));
  const departed = [...(previous?.departed ?? [])].filter((id) => members.get(id)?.online === false);
  const known = previous ? presentMembers(previous) : [];
  const timedOut = new Set(snapshot.timedOut);
  const doubted = known.filter(({ id }) => timedOut.has(id) && witness.isAnswering(id));
  const { id, name, hostId, ownerId, createdAt, maxPeers, settings, revision } = snapshot;
  return {
    id,
    name,
    hostId,
    ownerId,
    createdAt,
    maxPeers,
    settings,
    network,
    revision,
    members,
    ...relaysOf({ ...noRelays, network }, snapshot.relays, snapshot.relayRefusals, members, witness),
    departed: new Set(departed),
    doubted: stillDoubted(doubted, members),
  };
}

function networkOf({ network: text }: PartySnapshot, previous: Membership | undefined): VirtualNetwork {
  const network = parseVirtualNetwork(text);
  if (network !== undefined && (!previous || previous.network === network)) return network;
  throw new LanrageError('SERVER_MISBEHAVES', {
    message:
      `The server gives the party the network ${text}, which no party can have, or this party does not have. ` +
      'Do not trust it: tell its operator, and meet on another server.',
  });
}

/** Applies one event; events of other parties and old news change nothing. */
export function applyEvent(membership: Membership, event: MembershipEvent, witness: Witness): Applied {
  if (event.data.partyId !== membership.id) return { membership, missed: false };
  switch (event.name) {
    case 'member.joined':
      // More than there are addresses for can only be a mistake, or worse.
      if (membership.members.size >= MOST_MEMBERS) return { membership, missed: true };
      return inOrder(membership, event.data.revision, () => withMember(membership, event.data, witness));
    case 'member.left':
      return inOrder(membership, event.data.revision, () => withoutMember(membership, event.data, witness));
    case 'party.changed':
      return inOrder(membership, event.data.revision, () => withTerms(membership, event.data));
    case 'member.presence':
      return { membership: withPresence(membership, event.data), missed: false };
    case 'relays.changed':
      return { membership: withRelays(membership, event.data, witness), missed: false };
  }
}

/** The member said goodbye itself: gone, whatever the server still believes. */
export function withGoodbye(membership: Membership, peerId: PeerId): Membership {
  if (membership.doubted.has(peerId)) return withoutDoubted(membership, peerId);
  if (!membership.members.has(peerId)) return membership;
  return { ...membership, departed: new Set(membership.departed).add(peerId) };
}

/** Who timed out answers no more: the server was right. */
export function withoutDoubted(membership: Membership, peerId: PeerId): Membership {
  if (!membership.doubted.has(peerId)) return membership;
  const doubted = new Map(membership.doubted);
  doubted.delete(peerId);
  return { ...membership, doubted };
}

/** Who is to be shown and connected to: the members, and those of whom the server should not have let go. */
export function presentMembers({ members, departed, doubted }: Membership): Member[] {
  return [...[...members.values()].filter(({ id }) => !departed.has(id)), ...doubted.values()];
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

function withMember(
  membership: Membership,
  joined: AgentEvents['member.joined'],
  witness: Witness,
): Membership {
  const { member, relay, relayRefusal, hostId = membership.hostId } = joined;
  const refusals = relayRefusal && { [member.id]: relayRefusal };
  const members = new Map(membership.members).set(member.id, member);
  return {
    ...membership,
    hostId,
    members,
    ...relaysOf(membership, { [member.id]: relay }, refusals, members, witness),
    departed: without(membership.departed, member.id),
    doubted: stillDoubted([...membership.doubted.values()], members),
  };
}

function withoutMember(
  membership: Membership,
  { peerId, reason, hostId }: AgentEvents['member.left'],
  witness: Witness,
): Membership {
  const known = presentMembers(membership).find(({ id }) => id === peerId);
  const members = new Map(membership.members);
  const doubted = new Map(membership.doubted);
  const relays = new Map(membership.relays);
  const relayRefusals = new Map(membership.relayRefusals);
  members.delete(peerId);
  relays.delete(peerId);
  relayRefusals.delete(peerId);
  doubted.delete(peerId);
  if (known && reason === 'timed_out' && witness.isAnswering(peerId)) doubted.set(peerId, asDoubted(known));
  const refusedRelays = without(membership.refusedRelays, peerId);
  const departed = without(membership.departed, peerId);
  return { ...membership, members, relays, refusedRelays, relayRefusals, hostId, departed, doubted };
}

function asDoubted(member: Member): Member {
  return { ...member, online: false };
}

/** Those of the doubted who are not members again, and whose address no member has. */
function stillDoubted(
  doubted: readonly Member[],
  members: ReadonlyMap<PeerId, Member>,
): ReadonlyMap<PeerId, Member> {
  const taken = new Set([...members.values()].map(({ virtualIp }) => virtualIp));
  const still = doubted.filter(({ id, virtualIp }) => !members.has(id) && !taken.has(virtualIp));
  return new Map(still.map((member) => [member.id, asDoubted(member)]));
}

function withTerms(membership: Membership, terms: AgentEvents['party.changed']): Membership {
  const { name, hostId, ownerId, maxPeers, settings } = terms;
  return { ...membership, name, hostId, ownerId, maxPeers, settings };
}

function withPresence(membership: Membership, presence: AgentEvents['member.presence']): Membership {
  const { peerId, online, natType, endpoint, direct, udp } = presence;
  const member = membership.members.get(peerId);
  if (!member) return membership;
  const members = new Map(membership.members).set(peerId, {
    ...member,
    online,
    natType,
    endpoint,
    direct,
    udp,
  });
  const departed = online ? without(membership.departed, peerId) : membership.departed;
  return { ...membership, members, departed };
}

function withRelays(
  membership: Membership,
  { relays, refusals }: AgentEvents['relays.changed'],
  witness: Witness,
): Membership {
  return { ...membership, ...relaysOf(membership, relays, refusals, membership.members, witness) };
}

type Relays = Pick<Membership, 'relays' | 'refusedRelays' | 'relayRefusals'>;
/** Inside the party's network the tunnel would lead into itself. */
type Former = Relays & Pick<Membership, 'network'>;
const noRelays: Relays = { relays: new Map(), refusedRelays: new Set(), relayRefusals: new Map() };

/** The sessions that there were, with those of members that are named now. */
function relaysOf(
  former: Former,
  named: PartySnapshot['relays'],
  refusals: PartySnapshot['relayRefusals'] = {},
  members: Membership['members'],
  witness: Witness,
): Relays {
  const relays = new Map(former.relays);
  const refusedRelays = new Set(former.refusedRelays);
  const relayRefusals = new Map(former.relayRefusals);
  for (const [id, session] of Object.entries(named) as [PeerId, RelaySession | null][]) {
    if (!members.has(id)) continue;
    const isRefused =
      session !== null &&
      (!witness.mayName(session.endpoint) || isInsideParty(session.endpoint, former.network));
    relays.set(id, isRefused ? null : (session?.endpoint ?? null));
    if (isRefused) refusedRelays.add(id);
    else refusedRelays.delete(id);
    const refusal = Object.hasOwn(refusals, id) ? refusals[id] : undefined;
    if (session === null && refusal) relayRefusals.set(id, refusal);
    else relayRefusals.delete(id);
  }
  return { relays, refusedRelays, relayRefusals };
}

function without(ids: ReadonlySet<PeerId>, id: PeerId): ReadonlySet<PeerId> {
  return new Set([...ids].filter((other) => other !== id));
}
