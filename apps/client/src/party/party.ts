import type { Member, PartySettings } from '#shared/api/party';
import type { Endpoint } from '#shared/endpoint';
import type { PathReason } from '../connection/explanation';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { VirtualNetwork } from '#shared/party/virtual-ip';
import { canConnectDirectly, type NatType } from '#shared/party/nat-type';
import type { UdpReach } from '#shared/party/udp-reach';
import { presentMembers, type Membership } from './membership';

/**
 * How the viewer reaches a peer: `host` only for the host's view of itself, `direct` and `relayed` only when
 * WireGuard's own handshake and counters prove it.
 */
export type ConnectionType = 'direct' | 'relayed' | 'connecting' | 'host' | 'failed' | 'unknown';

/** A member of the party, as this agent sees it. */
export interface Peer {
  readonly id: PeerId;
  readonly name: string;
  /** WireGuard public key, base64. */
  readonly publicKey: string;
  /** In the party's network; for a peer that is refused for its address (`false_address`), whatever the server says. */
  readonly virtualIp: string;
  /** Public address of the peer's WireGuard, where known; of the viewer itself, as the others see it. */
  readonly endpoint: Endpoint | null;
  /** Round trip through the tunnel; null while unknown. */
  readonly latencyMs: number | null;
  /** How long ago `latencyMs` was measured. */
  readonly latencyAgeMs: number | null;
  /**
   * The largest packets inside the tunnel, in bytes, that the path to the peer carries, where those are smaller than usual: the
   * agent keeps what is sent to them. Null otherwise, and while unknown.
   */
  readonly packetLimit: number | null;
  readonly connectionType: ConnectionType;
  /** Why the path is what it is, and what would change that; null for the viewer itself. */
  readonly reason: PathReason | null;
  /** Where WireGuard sends what is for the peer: its own address, or the relay's. Null while it does not. */
  readonly pathEndpoint: Endpoint | null;
  /** Whether the NATs at both ends let a direct path be expected. */
  readonly directExpected: boolean;
  /** ISO 8601, UTC, set by the server. */
  readonly joinedAt: string;
  readonly natType: NatType;
  /** Whether the peer takes part in looking for direct paths. */
  readonly direct: boolean;
  /** From whom the peer gets answers by UDP, as its agent says. */
  readonly udp: UdpReach;
  /** Whether the peer's agent is connected to the control plane. */
  readonly online: boolean;
  /** The server counts it as gone, but it answers here by a direct path: see docs/protocol.md, "Who timed out". */
  readonly doubted: boolean;
  /** Whether the party key vouches for the peer's key; null: this agent came without a link and cannot tell. */
  readonly vouched: boolean | null;
  readonly isHost: boolean;
  readonly isSelf: boolean;
}

/** What the viewer tells the others of itself. */
export type Viewer = Pick<Peer, 'id' | 'natType' | 'endpoint'>;

/** What only the viewer knows of another member. */
export interface Observation {
  readonly connectionType: ConnectionType;
  readonly reason: PathReason | null;
  readonly pathEndpoint: Endpoint | null;
  readonly directExpected: boolean;
  readonly latencyMs: number | null;
  readonly latencyAgeMs: number | null;
  readonly packetLimit: number | null;
  readonly vouched: boolean | null;
}

/** The party that the agent is in, at one moment. */
export class Party {
  constructor(
    readonly id: PartyId,
    readonly name: string,
    readonly hostId: PeerId,
    /** ISO 8601, UTC. */
    readonly createdAt: string,
    readonly maxPeers: number,
    readonly ownerId: PeerId,
    readonly settings: PartySettings,
    /** The network of the peers' addresses, such as `10.66.0.0/16`. */
    readonly network: VirtualNetwork,
    readonly peers: ReadonlyMap<PeerId, Peer>,
  ) {}

  /** All peers, the viewer included once, in order of joining, then id. */
  getPeerList(): Peer[] {
    return [...this.peers.values()].sort(byJoining);
  }

  /** The other peers to whom somebody behind such a NAT can expect a direct path. */
  getCompatiblePeers(natType: NatType): Peer[] {
    return this.getPeerList().filter((peer) => !peer.isSelf && canConnectDirectly(natType, peer.natType));
  }

  toJSON() {
    const { id, name, hostId, ownerId, createdAt, maxPeers, settings, network } = this;
    return { id, name, hostId, ownerId, createdAt, maxPeers, settings, network, peers: this.getPeerList() };
  }
}

/** Joins what the server says and what the viewer observes. */
export function viewParty(
  membership: Membership,
  self: Viewer,
  observe: (member: Member) => Observation,
): Party {
  const peers = presentMembers(membership).map((member): Peer => {
    const isSelf = member.id === self.id;
    const isHost = member.id === membership.hostId;
    const { voucher, ...shown } = member;
    const seen = { isVouched: voucher !== null, endpoint: shown.endpoint };
    const observation = isSelf ? viewOfSelf(seen, self, isHost) : observe(member);
    const doubted = membership.doubted.has(member.id);
    return { ...shown, ...observation, doubted, isHost, isSelf };
  });
  const { id, name, hostId, createdAt, maxPeers, ownerId, settings, network } = membership;
  const byId = new Map(peers.map((peer) => [peer.id, peer]));
  return new Party(id, name, hostId, createdAt, maxPeers, ownerId, settings, network, byId);
}

/** The server says where a relay sees the viewer, and nothing that it has from the viewer itself. */
function viewOfSelf(
  { isVouched, endpoint }: Pick<Peer, 'endpoint'> & { readonly isVouched: boolean },
  self: Viewer,
  isHost: boolean,
): Observation & Pick<Peer, 'natType' | 'endpoint'> {
  const connectionType = isHost ? 'host' : 'direct';
  const nothing = {
    reason: null,
    pathEndpoint: null,
    latencyMs: null,
    latencyAgeMs: null,
    packetLimit: null,
  };
  const network = { natType: self.natType, endpoint: endpoint ?? self.endpoint };
  return { connectionType, directExpected: true, vouched: isVouched || null, ...network, ...nothing };
}

function byJoining(a: Peer, b: Peer): number {
  return Date.parse(a.joinedAt) - Date.parse(b.joinedAt) || (a.id < b.id ? -1 : 1);
}
