import type { RelayRefusal, RelaySession } from '#shared/api/party';
import type { OpenPair } from '#shared/api/relay-link';
import { PARTY_ID_PATTERN, peerIdOf, type PartyId, type PeerId } from '#shared/party/identity';
import type { Endpoint } from '#shared/endpoint';
import type { PublicKey } from '#shared/wireguard/key';
import type { Identity } from '../../model/identity';
import type { PartyRecord } from '../../model/party';
import { groupBy } from '../../util/lists';

/** When the two of a pair were last sent looking for a direct path, see coordination.ts. */
export interface AttemptRecord {
  /** Counts from 1. */
  readonly attempt: number;
  readonly atMs: number;
  /** Where the two could be reached, as text to compare. */
  readonly addresses: string;
}

/** Two members of one party, and where a relay connects them. */
export interface Pair {
  readonly pairId: string;
  readonly partyId: PartyId;
  readonly peers: readonly [PeerId, PeerId];
  /** Their keys, in ascending order of the text. */
  readonly players: [PublicKey, PublicKey];
  relayId: string | null;
  /** Where the relay listens for the two; null until it has answered. */
  endpoint: Endpoint | null;
  /** Why no relay carries it; null while one does, and until that has been decided. */
  refusal: RelayRefusal | null;
  /** Something went through it both ways, or may have before this process began. */
  used: boolean;
  /** A command to open it is on the way. */
  opening: boolean;
  /** When the two were last sent looking for a direct path; `unknown` for a pair that is older than this process. */
  lastAttempt: AttemptRecord | 'unknown' | null;
}

export function newPair(partyId: PartyId, one: Identity, other: Identity): Pair {
  const [first, second] = one.publicKey < other.publicKey ? [one, other] : [other, one];
  return {
    pairId: pairIdOf(partyId, one.peerId, other.peerId),
    partyId,
    peers: [first.peerId, second.peerId],
    players: [first.publicKey, second.publicKey],
    relayId: null,
    endpoint: null,
    refusal: null,
    used: false,
    opening: false,
    lastAttempt: null,
  };
}

/**
 * A pair that a relay has open and this process does not know; null unless both are in the party of its name.
 * @param partyOf the parties that members are in
 */
export function restoredPair(open: OpenPair, partyOf: ReadonlyMap<PeerId, PartyId>): Pair | null {
  const partyId = partyOfPair(open);
  const [one, other] = open.players.map((publicKey) => ({ publicKey, peerId: peerIdOf(publicKey) }));
  if (!partyId || !one || !other) return null;
  const together = partyOf.get(one.peerId) === partyId && partyOf.get(other.peerId) === partyId;
  // What went through it before is not known.
  return together ? { ...newPair(partyId, one, other), used: true } : null;
}

/** Tells which pairs of a party are older than that time, so that a relay may have them open. */
export function arePresentSince(
  { members }: Pick<PartyRecord, 'members'>,
  startedAtMs: number,
): (pair: Pair) => boolean {
  const before = new Set(
    members.filter(({ joinedAtMs }) => joinedAtMs < startedAtMs).map(({ peerId }) => peerId),
  );
  return ({ peers }) => peers.every((peerId) => before.has(peerId));
}

/**
 * The id of a pair, whichever of the two is named first. It names party and peers, because a relay that outlives this process
 * brings ids back.
 */
export function pairIdOf(partyId: PartyId, a: PeerId, b: PeerId): string {
  return [partyId, ...[a, b].sort()].join(':');
}

/** The party that an announced pair is of, or null for an id that {@link pairIdOf} did not make. */
export function partyOfPair({ pairId, players }: OpenPair): PartyId | null {
  const partyId = pairId.slice(0, pairId.indexOf(':')) as PartyId;
  const [one, other] = players.map(peerIdOf) as [PeerId, PeerId];
  return PARTY_ID_PATTERN.test(partyId) && pairId === pairIdOf(partyId, one, other) ? partyId : null;
}

export function sessionOf({ relayId, endpoint }: Pick<Pair, 'relayId' | 'endpoint'>): RelaySession | null {
  return relayId !== null && endpoint !== null ? { relayId, endpoint } : null;
}

export interface RelayChanges {
  readonly viewer: PeerId;
  readonly partyId: PartyId;
  /** By the other member's id. */
  readonly relays: Record<string, RelaySession | null>;
  readonly refusals: Record<string, RelayRefusal>;
}

/** What each member of these pairs is to hear of them. */
export function changesByViewer(pairs: readonly Pair[]): RelayChanges[] {
  const views = pairs.flatMap(({ partyId, peers: [one, other], ...pair }) => [
    { viewer: one, partyId, other, session: sessionOf(pair), refusal: pair.refusal },
    { viewer: other, partyId, other: one, session: sessionOf(pair), refusal: pair.refusal },
  ]);
  return [...groupBy(views, ({ viewer, partyId }) => `${viewer} ${partyId}`).values()].flatMap((group) => {
    const relays = Object.fromEntries(group.map(({ other, session }) => [other, session]));
    const refusals = Object.fromEntries(
      group.flatMap(({ other, refusal }) => (refusal === null ? [] : [[other, refusal]])),
    );
    return group.slice(0, 1).map(({ viewer, partyId }) => ({ viewer, partyId, relays, refusals }));
  });
}
