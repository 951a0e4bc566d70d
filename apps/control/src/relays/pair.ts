import type { RelaySession } from '#shared/api/party';
import type { OpenPair } from '#shared/api/relay-link';
import { PARTY_ID_PATTERN, peerIdOf, type PartyId, type PeerId } from '#shared/party/identity';
import type { Endpoint } from '#shared/endpoint';
import type { PublicKey } from '#shared/wireguard/key';
import type { Identity } from '../auth/identity';
import { groupBy } from '../operations/lists';
import type { AttemptRecord } from '../signaling/coordination';

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
    opening: false,
    lastAttempt: null,
  };
}

/** The same for both of them, and telling: a relay that outlives this process brings the ids back. */
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
}

/** What each member of these pairs is to hear of them. */
export function changesByViewer(pairs: readonly Pair[]): RelayChanges[] {
  const views = pairs.flatMap(({ partyId, peers: [one, other], ...pair }) => [
    { viewer: one, partyId, other, session: sessionOf(pair) },
    { viewer: other, partyId, other: one, session: sessionOf(pair) },
  ]);
  return [...groupBy(views, ({ viewer, partyId }) => `${viewer} ${partyId}`).values()].flatMap((group) => {
    const relays = Object.fromEntries(group.map(({ other, session }) => [other, session]));
    return group.slice(0, 1).map(({ viewer, partyId }) => ({ viewer, partyId, relays }));
  });
}
