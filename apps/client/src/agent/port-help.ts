import { EventEmitter } from 'node:events';
import { parseVirtualIp, type VirtualIp } from '#shared/party/virtual-ip';
import { TokenBucket } from '#shared/token-bucket';
import { deafListeners, type DeafListener } from '../discovery/deaf-listeners';
import type { FirewallVerdict } from '../network/firewall/evaluation';
import { inspectFirewall, inspectPort, readSocketTables, type TunnelEnd } from '../network/ports/inspection';
import { discreet, type PortAnswer, type PortReport } from '../network/ports/port-report';
import { tryTcp, type TcpReach } from '../network/ports/reach';
import type { Peer } from '../party/party';
import type { PartyManager } from '../party-manager';

/** What is known of a player's port after it was tried. */
export interface PortTrial {
  readonly port: number;
  /** What came of dialling it from here, through the tunnel; null for a port of this machine. */
  readonly tcp: TcpReach | null;
  /** What the agent on that machine says; null when it does not answer, as one of an older version. */
  readonly told: PortAnswer | null;
}

interface PortHelpEvents {
  /** A player asked about a port of this machine. */
  asked: [peer: Peer, port: number, answer: PortAnswer];
}

/** Nobody shall look through all ports by asking: one member's questions, and those of all together. */
const QUESTIONS_OF_ONE = { perSecond: 1 / 30, burst: 10 } as const;
const QUESTIONS_OF_ALL = { perSecond: 1 / 10, burst: 30 } as const;
/** A datagram may be lost. */
const TRIES = 2;
/** The other agent runs its firewall's tools first. */
const ANSWER_LIMIT_MS = 2_500;

/** Why a game on a port is not reached: asks other agents, and answers to those of the same party. */
export class PortHelp extends EventEmitter<PortHelpEvents> {
  private readonly ofOne = new Map<string, TokenBucket>();
  private readonly ofAll = new TokenBucket(QUESTIONS_OF_ALL, performance.now());

  constructor(private readonly parties: PartyManager) {
    super();
    parties.network.on('portAsked', (virtualIp, nonce, port) => void this.answer(virtualIp, nonce, port));
  }

  /** Tries a player's port, and asks the player's agent what it sees there. */
  async try(peer: Peer, port: number): Promise<PortTrial> {
    const end = this.tunnelEnd();
    const network = this.parties.currentParty?.network;
    const address = network && parseVirtualIp(peer.virtualIp, network);
    if (!end || !address) return { port, tcp: null, told: null };
    if (peer.isSelf) return { port, tcp: null, told: await this.inspect(port, end) };
    const [tcp, told] = await Promise.all([tryTcp(address, port, end.ownIp), this.ask(address, port)]);
    return { port, tcp, told };
  }

  /** What the firewalls of this machine do to what the party sends; null in no party. */
  async firewall(): Promise<FirewallVerdict | null> {
    const end = this.tunnelEnd();
    return end && inspectFirewall(this.anyMember(), end);
  }

  /** Games of this machine that do not hear of others; none in no party. */
  async deafListeners(): Promise<DeafListener[]> {
    const end = this.tunnelEnd();
    return end ? deafListeners(await readSocketTables(), end.ownIp) : [];
  }

  private async ask(virtualIp: VirtualIp, port: number): Promise<PortAnswer | null> {
    for (let tries = 0; tries < TRIES; tries++) {
      const answer = await this.parties.network.askPort(virtualIp, port, ANSWER_LIMIT_MS);
      if (answer) return answer;
    }
    return null;
  }

  private async answer(virtualIp: VirtualIp, nonce: Buffer, port: number): Promise<void> {
    const peer = this.parties.currentParty?.getPeerList().find((other) => other.virtualIp === virtualIp);
    const end = this.tunnelEnd();
    if (!peer || peer.isSelf || !end) return;
    const answer = this.isWithinBudget(peer.id) ? await this.inspect(port, end, virtualIp) : 'busy';
    this.parties.network.answerPort(virtualIp, nonce, port, answer);
    this.emit('asked', peer, port, answer);
  }

  private async inspect(port: number, end: TunnelEnd, source = this.anyMember()): Promise<PortReport> {
    const { tcp, udp } = await inspectPort(port, source, end);
    return { tcp: discreet(tcp), udp: discreet(udp) };
  }

  private isWithinBudget(peerId: string): boolean {
    const nowMs = performance.now();
    // The budget of a member who left is forgotten. The budget of all members bounds one who leaves and comes back.
    const ids = new Set<string>(this.parties.currentParty?.peers.keys());
    for (const id of this.ofOne.keys()) if (!ids.has(id)) this.ofOne.delete(id);
    const budget = this.ofOne.get(peerId) ?? new TokenBucket(QUESTIONS_OF_ONE, nowMs);
    this.ofOne.set(peerId, budget);
    return budget.take(1, nowMs) && this.ofAll.take(1, nowMs);
  }

  /** Null without an interface in a party. */
  private tunnelEnd(): TunnelEnd | null {
    const { config, currentParty, network } = this.parties;
    const self = currentParty?.getPeerList().find(({ isSelf }) => isSelf);
    return self
      ? { interfaceName: config.interface, ownIp: self.virtualIp, guard: network.guardInfo() }
      : null;
  }

  /** The virtual IP of any member who might send; this machine's own while nobody else is there. */
  private anyMember(): string {
    const peers = this.parties.currentParty?.getPeerList() ?? [];
    return (peers.find(({ isSelf }) => !isSelf) ?? peers[0])?.virtualIp ?? '0.0.0.0';
  }
}
