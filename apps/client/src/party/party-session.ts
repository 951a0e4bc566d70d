import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { DirectAttempt, Member, PartyEntry } from '#shared/api/party';
import { splitEndpoint } from '#shared/endpoint';
import { proofMatches, sharedSecret } from '#shared/auth/proof';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { UdpReach } from '#shared/party/udp-reach';
import { LanrageError } from '#shared/errors';
import { outsideOf } from '../connection/candidates';
import type { ConnectionManager, ConnectionTarget } from '../connection/connection-manager';
import type { ConnectionCoordinator } from '../connection/coordinator';
import { isHopeless as isHopelessWith, othersReach, type Evidence } from '../connection/causes';
import { explainPath, explainStray } from '../connection/explanation';
import type { ClientConfig } from '../config';
import type { ControlPlane } from '../control/control-plane';
import type { KnownServer } from '../discovery/games/known-servers';
import { LanDiscovery, type DiscoveryInfo } from '../discovery/lan-discovery';
import { carriedIn } from '../discovery/ports';
import type { Identity } from '../identity';
import type { NATTraversal } from '../nat/nat-traversal';
import { exposureIn, type Exposure } from '../network/guard/exposure';
import { ipv4Access } from '../network/ipv4/ipv4-access';
import type { NetworkManager } from '../network/network-manager';
import { expectedGoodbyeProof, type Goodbye } from '../network/tunnel-message';
import { Goodbyes } from './goodbyes';
import { Latencies } from './latencies';
import {
  applyEvent,
  changesBetween,
  membershipOf,
  presentMembers,
  withGoodbye,
  withoutDoubted,
  type Membership,
  type MembershipEvent,
  type Witness,
} from './membership';
import { neighboursOf, ownEntry, type Neighbour, type Neighbours } from './neighbours';
import { voucherFor, vouchingOf, type PartyTrust } from './vouching';
import { viewParty, type Observation, type Party, type Peer } from './party';

/** The parts of an agent that a party needs. */
export interface SessionParts {
  readonly config: ClientConfig;
  readonly control: ControlPlane;
  readonly identity: Identity;
  readonly network: NetworkManager;
  readonly nat: NATTraversal;
  readonly connections: ConnectionManager;
  readonly coordinator: ConnectionCoordinator;
  readonly reachability: { readonly udp: UdpReach };
}

interface PartySessionEvents {
  peerJoined: [Peer];
  /** The peer as it was last seen. */
  peerLeft: [Peer];
  hostChanged: [Peer];
  /** Its name, owner, size or settings. */
  partyChanged: [Party];
  /** All servers that show themselves now. */
  gamesChanged: [readonly KnownServer[]];
  /** The server told the whole party, and which version the shared state has. */
  told: [stateVersion: number | undefined];
}

/** All but what is known of one member. */
type PartyEvidence = Omit<Evidence, 'peer'>;

/** Goodbyes are sent twice, as they may be lost, and WireGuard needs a moment to send them. */
const GOODBYE_INTERVAL_MS = 60;

/** What there is to observe of a member that this agent does not deal with, or does not get through to. */
const refused = {
  connectionType: 'failed',
  pathEndpoint: null,
  directExpected: false,
  latencyMs: null,
  latencyAgeMs: null,
  packetLimit: null,
} as const;

/**
 * One stay in one party: its members, and the interface and connections that make them neighbours.
 *
 * The file is long because it is the one place where the server's word, the machine and the paths meet; what is decided of
 * each is in membership.ts, neighbours.ts, party.ts and connection/.
 */
export class PartySession extends EventEmitter<PartySessionEvents> {
  private membership: Membership;
  private own: Neighbour;
  private neighbours: Neighbours;
  private readonly witness: Witness;
  private readonly latencies: Latencies;
  private readonly discovery: LanDiscovery;
  private readonly goodbyes: Goodbyes;
  private leaveTicket: Buffer | null;

  /** @throws LanrageError SERVER_MISBEHAVES when this agent has no usable address in the snapshot */
  constructor(
    snapshot: PartyEntry,
    private readonly parts: SessionParts,
    private readonly trust: PartyTrust,
  ) {
    super();
    this.witness = {
      mayName: (endpoint) => parts.control.mayName(endpoint),
      isAnswering: (peerId) => parts.connections.isAnswering(peerId),
    };
    this.membership = membershipOf(snapshot, this.witness);
    this.own = this.ownEntryIn(this.membership);
    this.neighbours = this.neighboursIn(this.membership);
    this.latencies = new Latencies((virtualIp) => parts.network.measureLatency(virtualIp));
    this.discovery = new LanDiscovery(
      parts.config.interface,
      () => parts.connections.reachedPlayers(),
      (servers) => this.emit('gamesChanged', servers),
    );
    this.goodbyes = new Goodbyes(this.id, parts.control);
    this.leaveTicket = snapshot.leaveTicket ?? null;
  }

  get id(): PartyId {
    return this.membership.id;
  }

  /** The last change of the party that is known here. */
  get revision(): number {
    return this.membership.revision;
  }

  /** What shows the others that this agent belongs here, if it can. */
  get voucher(): string | undefined {
    const { key } = this.trust;
    return key ? voucherFor(key, this.parts.identity.publicKey) : undefined;
  }

  /** Whether the others get something by which the server lets this agent go. */
  get hasLeaveTicket(): boolean {
    return this.leaveTicket !== null;
  }

  /** This agent's own entry. */
  get self(): Neighbour {
    return this.own;
  }

  /**
   * Puts the interface, which has been started, onto the party's network and connects to everybody.
   * @throws LanrageError ADDRESS_CLASH, INTERFACE_FAILED
   */
  async open(): Promise<void> {
    await this.configureInterface();
    this.parts.connections.start();
    this.latencies.start(() => this.reachable());
    await this.carryBroadcasts();
    await this.connectToPeers();
  }

  /** Opens again with a new interface, after the old one was lost or the address changed. @throws LanrageError */
  async renew(): Promise<void> {
    const { network, nat, connections } = this.parts;
    await network.stop();
    nat.returnPort();
    await network.start();
    await this.configureInterface();
    await this.carryBroadcasts();
    await connections.restart(this.targets());
  }

  /** Says goodbye to everybody, and takes this machine out of the party. */
  async leave(): Promise<void> {
    try {
      this.sayGoodbye();
      await delay(GOODBYE_INTERVAL_MS);
      this.sayGoodbye();
      await delay(GOODBYE_INTERVAL_MS);
    } finally {
      await this.close();
    }
  }

  /** Takes this machine out of the party without a word. */
  async close(): Promise<void> {
    const { network, nat, connections } = this.parts;
    this.latencies.stop();
    this.goodbyes.stop();
    await this.discovery.end();
    try {
      await connections.stop();
    } finally {
      await network.stop();
      nat.returnPort();
    }
  }

  /** Something else is known of this machine's network than before. */
  reconsider(): void {
    void this.connectToPeers();
  }

  /** This machine has other addresses or routes. */
  networkMoved(): void {
    this.discovery.look();
  }

  /** What is carried of the broadcasts of this machine's games. */
  discoveryInfo(): DiscoveryInfo {
    return this.discovery.info();
  }

  /** Asks the members' machines for servers of games, for 0.7 s. */
  findServers(): Promise<void> {
    return this.discovery.findServers();
  }

  /** The moment to look for a direct path to a member has come. */
  beginAttempt({ partyId, peerId, candidates, first }: DirectAttempt): void {
    if (partyId !== this.id || !this.parts.config.direct) return;
    const isNeighbour = this.isNeighbour(this.membership.members.get(peerId));
    const outside = outsideOf(this.membership.network, candidates);
    void this.parts.connections.beginAttempt(peerId, { candidates: outside, isFirst: first, isNeighbour });
  }

  /** @returns whether an event before this one is missing */
  apply(event: MembershipEvent): boolean {
    const { relays } = this.membership;
    const { membership, missed } = applyEvent(this.membership, event, this.witness);
    // Another address of its own takes another interface, which follows from a snapshot alone.
    if (membership.members.get(this.own.id)?.virtualIp !== this.own.virtualIp) return true;
    this.become(membership);
    if (event.name === 'relays.changed') {
      const named = Object.keys(event.data.relays) as PeerId[];
      const confirmed = named.filter((id) => relays.get(id) === membership.relays.get(id));
      void this.parts.connections.checkRelays(confirmed);
    }
    return missed;
  }

  /**
   * Takes the server's word for the whole party.
   * @returns whether this agent has another address now
   * @throws LanrageError SERVER_MISBEHAVES for another party, and when this agent has no usable address in it
   */
  adopt(snapshot: PartyEntry): boolean {
    if (snapshot.id !== this.id) throw otherParty();
    const { virtualIp } = this.own;
    this.leaveTicket = snapshot.leaveTicket ?? this.leaveTicket;
    this.become(membershipOf(snapshot, this.witness, this.membership));
    this.goodbyes.handOnSoon();
    this.emit('told', snapshot.stateVersion);
    return this.own.virtualIp !== virtualIp;
  }

  /** Somebody at a virtual IP said goodbye: believed if only that member can have said it. */
  hearGoodbye(virtualIp: string, goodbye: Goodbye): void {
    const member = this.neighbours.accepted.find((other) => other.virtualIp === virtualIp);
    if (!member) return;
    if (!proofMatches(expectedGoodbyeProof(this.secretWith(member), goodbye), goodbye.proof)) return;
    if (goodbye.leaveTicket) this.goodbyes.heard(member.id, goodbye.leaveTicket);
    this.become(withGoodbye(this.membership, member.id));
  }

  /** The path to a peer is another one: who timed out, and answers no more, is gone. */
  pathChanged(peerId: PeerId): void {
    if (!this.witness.isAnswering(peerId)) this.become(withoutDoubted(this.membership, peerId));
  }

  /** Measures the way to everybody, for 0.4 s at most, see {@link Latencies.refresh}. */
  refreshLatencies(): Promise<void> {
    return this.latencies.refresh(this.reachable());
  }

  view(): Party {
    const { identity, nat, config } = this.parts;
    const evidence = this.evidence();
    const endpoint = config.direct ? nat.currentEndpoint() : null;
    const self = { id: identity.peerId, natType: nat.natType, endpoint };
    return viewParty(this.membership, self, (member) => this.observe(member, evidence));
  }

  /** The other players at these addresses. */
  peersAt(addresses: readonly { readonly virtualIp: string }[]): Peer[] {
    const wanted = new Set(addresses.map(({ virtualIp }) => virtualIp));
    return this.view()
      .getPeerList()
      .filter(({ isSelf, virtualIp }) => !isSelf && wanted.has(virtualIp));
  }

  /** Whom packets get through to, as far as is known. */
  private reachable(): readonly Neighbour[] {
    return this.neighbours.accepted.filter(({ id }) => {
      const phase = this.parts.connections.pathOf(id)?.phase;
      return phase === 'relayed' || phase === 'direct';
    });
  }

  private sayGoodbye(): void {
    for (const member of this.neighbours.accepted) {
      this.parts.network.sayGoodbye(member.virtualIp, this.secretWith(member), this.leaveTicket);
    }
  }

  private become(next: Membership): void {
    const before = this.membership;
    if (next === before) return;
    const own = this.ownEntryIn(next);
    const partyBefore = this.view();
    this.own = own;
    this.membership = next;
    this.neighbours = this.neighboursIn(next);
    this.goodbyes.keep(next.departed);
    void this.connectToPeers();
    const party = this.view();
    const { joined, left, hostChanged, termsChanged } = changesBetween(before, next);
    joined.forEach(({ id }) => this.announce('peerJoined', party.peers.get(id)));
    left.forEach(({ id }) => this.announce('peerLeft', partyBefore.peers.get(id)));
    if (hostChanged) this.announce('hostChanged', party.peers.get(next.hostId));
    if (termsChanged) {
      void this.parts.network.expose(this.exposure, next.network);
      void this.carryBroadcasts();
      this.emit('partyChanged', party);
    }
  }

  private announce(name: 'peerJoined' | 'peerLeft' | 'hostChanged', peer: Peer | undefined): void {
    if (peer) this.emit(name, peer);
  }

  private carryBroadcasts(): Promise<void> {
    const ports = carriedIn(this.parts.config.discovery, this.membership.settings.public);
    return this.discovery.begin(this.own.virtualIp, ports);
  }

  private connectToPeers(): Promise<void> {
    return this.parts.connections.reconcile(this.targets());
  }

  private targets(): ConnectionTarget[] {
    const { config } = this.parts;
    const evidence = this.evidence();
    return this.neighbours.accepted.map((neighbour) => {
      const { id, publicKey, virtualIp, online, natType } = neighbour;
      const isHopeless = isHopelessWith(evidenceOf(neighbour, evidence));
      const relay = this.membership.relays.get(id) ?? null;
      const strategy = this.parts.coordinator.coordinateConnection(publicKey, { natType, relay });
      const role = { seeksDirect: config.direct, leads: this.own.id < id };
      return { peerId: id, publicKey, virtualIp, online, isHopeless, relay: strategy.relay, ...role };
    });
  }

  private ownEntryIn(membership: Membership): Neighbour {
    return ownEntry(membership, this.parts.identity.peerId);
  }

  /** Whom this machine deals with; a member that is refused is shown, and nothing more. */
  private neighboursIn(membership: Membership): Neighbours {
    const sealed = this.trust.sealed || membership.settings.sealed;
    return neighboursOf(presentMembers(membership), this.own, { ...this.trust, sealed }, membership.network);
  }

  /** Behind the same public address: of one household, most likely. */
  private isNeighbour(member: Member | undefined): boolean {
    const { publicEndpoint } = this.parts.nat.info();
    if (!member?.endpoint || !publicEndpoint) return false;
    return splitEndpoint(member.endpoint).address === splitEndpoint(publicEndpoint).address;
  }

  /** What is known of UDP here and at the others: the same for all of them. */
  private evidence(): PartyEvidence {
    const { control, connections, reachability } = this.parts;
    const present = this.neighbours.accepted.filter(({ online }) => online);
    return {
      server: control.connected ? 'there' : 'away',
      own: reachability.udp,
      others: othersReach(present.map(({ udp }) => udp)),
      isRelaying: connections.carriers().has('relay'),
    };
  }

  private observe(member: Member, evidence: PartyEvidence): Observation {
    const { id, publicKey, natType, direct } = member;
    const vouching = vouchingOf(member, this.trust.key);
    const vouched = vouching === 'unknown' ? null : vouching === 'vouched';
    const { config, connections, coordinator, network } = this.parts;
    const relay = this.membership.relays.get(id) ?? null;
    const { directExpected } = coordinator.coordinateConnection(publicKey, { natType, relay });
    const path = connections.pathOf(id);
    const refusal = this.neighbours.refused.get(id);
    if (refusal) return { ...refused, reason: refusal, vouched };
    const pathEndpoint = path?.direct ?? path?.relay ?? null;
    const stray = network.strayAt(member.virtualIp);
    if (stray) {
      const reason = explainStray(stray.virtualIp, stray.interfaceName);
      return { ...refused, pathEndpoint, directExpected, reason, vouched };
    }
    const hasFailed = path?.phase === 'failed';
    const reason =
      path &&
      explainPath({
        path,
        directExpected,
        relayRefused: this.membership.refusedRelays.has(id),
        relayRefusal: this.membership.relayRefusals.get(id) ?? 'no_relay',
        relayOutOfReach: path.relay !== null && ipv4Access.isOutOfReach(splitEndpoint(path.relay).address),
        evidence: evidenceOf(member, evidence),
        peerDoubted: this.membership.doubted.has(id),
        directAllowed: config.direct,
        peerDirectAllowed: direct,
      });
    return {
      connectionType: path?.phase ?? 'unknown',
      reason: reason ?? null,
      pathEndpoint,
      directExpected,
      vouched,
      packetLimit: connections.packetLimitOf(id),
      ...(hasFailed ? { latencyMs: null, latencyAgeMs: null } : this.latencies.of(id, Date.now())),
    };
  }

  private get exposure(): Exposure {
    return exposureIn(this.parts.config.expose, this.membership.settings.public);
  }

  private async configureInterface(): Promise<void> {
    const { identity, network, nat } = this.parts;
    const { virtualIp } = this.self;
    const listenPort = nat.takePort();
    await network.configure({
      privateKey: identity.privateKey,
      listenPort,
      virtualIp,
      network: this.membership.network,
      exposure: this.exposure,
    });
  }

  private secretWith({ publicKey }: Neighbour): Buffer {
    return sharedSecret(this.parts.identity.privateKey, publicKey);
  }
}

function evidenceOf({ online, udp }: Pick<Member, 'online' | 'udp'>, evidence: PartyEvidence): Evidence {
  return { ...evidence, peer: online ? udp : 'away' };
}

/** The server speaks of another party than the one that this agent is to be in. */
export function otherParty(): LanrageError {
  return new LanrageError('SERVER_MISBEHAVES', {
    message:
      'The server answered with a different party from the one that was asked for. ' +
      'Do not trust it: tell its operator, and meet on another server.',
  });
}
