import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { DirectAttempt, Member, PartySnapshot } from '#shared/api/party';
import { splitEndpoint } from '#shared/endpoint';
import { proofMatches, sharedSecret } from '#shared/auth/proof';
import type { PartyId, PeerId } from '#shared/party/identity';
import { LanrageError } from '#shared/errors';
import type { ConnectionManager, ConnectionTarget } from '../connection/connection-manager';
import type { ConnectionCoordinator } from '../connection/coordinator';
import { explainPath } from '../connection/explanation';
import type { ClientConfig } from '../config';
import type { ControlPlane } from '../control/control-plane';
import type { Identity } from '../identity';
import type { NATTraversal } from '../nat/nat-traversal';
import type { NetworkManager } from '../network/network-manager';
import { expectedGoodbyeProof } from '../network/tunnel-message';
import { Latencies } from './latencies';
import {
  applyEvent,
  changesBetween,
  membershipOf,
  presentMembers,
  withGoodbye,
  type Membership,
  type MembershipEvent,
} from './membership';
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
}

interface PartySessionEvents {
  peerJoined: [Peer];
  /** The peer as it was last seen. */
  peerLeft: [Peer];
  hostChanged: [Peer];
  /** Its name, owner, size or settings. */
  partyChanged: [Party];
}

/** Goodbyes are sent twice, as they may be lost, and WireGuard needs a moment to send them. */
const GOODBYE_INTERVAL_MS = 60;

/** One stay in one party: its members, and the interface and connections that make them neighbours. */
export class PartySession extends EventEmitter<PartySessionEvents> {
  private membership: Membership;
  private readonly latencies: Latencies;

  constructor(
    snapshot: PartySnapshot,
    private readonly parts: SessionParts,
  ) {
    super();
    this.membership = membershipOf(snapshot);
    this.latencies = new Latencies((virtualIp) => parts.network.measureLatency(virtualIp));
  }

  get id(): PartyId {
    return this.membership.id;
  }

  /** The last change of the party that is known here. */
  get revision(): number {
    return this.membership.revision;
  }

  /** This agent's own entry. @throws LanrageError when the server left it out */
  get self(): Member {
    const self = this.membership.members.get(this.parts.identity.peerId);
    if (self) return self;
    throw new LanrageError('CONTROL_UNAVAILABLE', {
      message: 'The server put this player into a party without an address. Update LANrage on both sides.',
    });
  }

  /**
   * Puts the interface, which has been started, onto the party's network and connects to everybody.
   * @throws LanrageError INTERFACE_FAILED
   */
  async open(): Promise<void> {
    await this.configureInterface();
    this.parts.connections.start();
    this.latencies.start(() => this.others());
    await this.connectToPeers();
  }

  /** The same with a new interface, after the old one was lost or the address changed. @throws LanrageError */
  async renew(): Promise<void> {
    const { network, nat, connections } = this.parts;
    await network.stop();
    nat.returnPort();
    await network.start();
    await this.configureInterface();
    await connections.restart(this.targets());
  }

  /** Says goodbye to everybody, and takes this machine out of the party. */
  async leave(): Promise<void> {
    this.sayGoodbye();
    await delay(GOODBYE_INTERVAL_MS);
    this.sayGoodbye();
    await delay(GOODBYE_INTERVAL_MS);
    await this.close();
  }

  /** Takes this machine out of the party without a word. */
  async close(): Promise<void> {
    const { network, nat, connections } = this.parts;
    this.latencies.stop();
    await connections.stop();
    await network.stop();
    nat.returnPort();
  }

  /** The moment to look for a direct path to a member has come. */
  attempt({ partyId, peerId, candidates, first }: DirectAttempt): void {
    if (partyId !== this.id || !this.parts.config.direct) return;
    const isNeighbour = this.isNeighbour(this.membership.members.get(peerId));
    void this.parts.connections.attempt(peerId, { candidates, isFirst: first, isNeighbour });
  }

  /** @returns whether an event before this one is missing */
  apply(event: MembershipEvent): boolean {
    const { relays } = this.membership;
    const { membership, missed } = applyEvent(this.membership, event);
    this.become(membership);
    if (event.name === 'relays.changed') {
      const named = Object.keys(event.data.relays) as PeerId[];
      const confirmed = named.filter((id) => relays.get(id) === membership.relays.get(id));
      void this.parts.connections.checkRelays(confirmed);
    }
    return missed;
  }

  /** Takes the server's word for the whole party. @returns whether this agent has another address now */
  adopt(snapshot: PartySnapshot): boolean {
    const { virtualIp } = this.self;
    this.become(membershipOf(snapshot, this.membership));
    return this.self.virtualIp !== virtualIp;
  }

  /** Somebody at a virtual IP said goodbye: believed if only that member can have said it. */
  hearGoodbye(virtualIp: string, { nonce, proof }: { nonce: Buffer; proof: Buffer }): void {
    const member = this.others().find((other) => other.virtualIp === virtualIp);
    if (!member) return;
    if (!proofMatches(expectedGoodbyeProof(this.secretWith(member), nonce), proof)) return;
    this.become(withGoodbye(this.membership, member.id));
  }

  /** Measures the way to everybody, for as long as the slowest takes: 1 s at most. */
  refreshLatencies(): Promise<void> {
    return this.latencies.refresh(this.others());
  }

  view(): Party {
    return viewParty(this.membership, this.parts.identity.peerId, (member) => this.observe(member));
  }

  private sayGoodbye(): void {
    for (const member of this.others()) {
      this.parts.network.sayGoodbye(member.virtualIp, this.secretWith(member));
    }
  }

  private become(next: Membership): void {
    const before = this.membership;
    if (next === before) return;
    const partyBefore = this.view();
    this.membership = next;
    void this.connectToPeers();
    const party = this.view();
    const { joined, left, hostChanged, termsChanged } = changesBetween(before, next);
    joined.forEach(({ id }) => this.announce('peerJoined', party.peers.get(id)));
    left.forEach(({ id }) => this.announce('peerLeft', partyBefore.peers.get(id)));
    if (hostChanged) this.announce('hostChanged', party.peers.get(next.hostId));
    if (termsChanged) this.emit('partyChanged', party);
  }

  private announce(name: 'peerJoined' | 'peerLeft' | 'hostChanged', peer: Peer | undefined): void {
    if (peer) this.emit(name, peer);
  }

  private connectToPeers(): Promise<void> {
    return this.parts.connections.reconcile(this.targets());
  }

  private targets(): ConnectionTarget[] {
    return this.others().map(({ id, publicKey, virtualIp, online, natType }) => {
      const relay = this.membership.relays.get(id) ?? null;
      const strategy = this.parts.coordinator.coordinateConnection({ natType, relay });
      return { peerId: id, publicKey, virtualIp, online, relay: strategy.relay };
    });
  }

  private others(): Member[] {
    return presentMembers(this.membership).filter(({ id }) => id !== this.parts.identity.peerId);
  }

  /** Behind the same public address: of one household, most likely. */
  private isNeighbour(member: Member | undefined): boolean {
    const { publicEndpoint } = this.parts.nat.info();
    if (!member?.endpoint || !publicEndpoint) return false;
    return splitEndpoint(member.endpoint).address === splitEndpoint(publicEndpoint).address;
  }

  private observe({ id, natType, online, direct }: Member): Observation {
    const { config, control, connections, coordinator } = this.parts;
    const relay = this.membership.relays.get(id) ?? null;
    const { directExpected } = coordinator.coordinateConnection({ natType, relay });
    const path = connections.pathOf(id);
    const hasFailed = path?.phase === 'failed';
    const reason =
      path &&
      explainPath({
        path,
        directExpected,
        controlConnected: control.connected,
        peerOnline: online,
        directAllowed: config.direct,
        peerDirectAllowed: direct,
      });
    return {
      connectionType: path?.phase ?? 'unknown',
      reason: reason ?? null,
      pathEndpoint: path?.direct ?? path?.relay ?? null,
      directExpected,
      ...(hasFailed ? { latencyMs: null, latencyAgeMs: null } : this.latencies.of(id, Date.now())),
    };
  }

  private async configureInterface(): Promise<void> {
    const { identity, network, nat } = this.parts;
    const { virtualIp } = this.self;
    const listenPort = nat.takePort();
    await network.configure({ privateKey: identity.privateKey, listenPort, virtualIp });
  }

  private secretWith({ publicKey }: Member): Buffer {
    return sharedSecret(this.parts.identity.privateKey, publicKey);
  }
}
