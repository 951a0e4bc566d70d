import { EventEmitter } from 'node:events';
import type { Endpoint } from '#shared/endpoint';
import { LanrageError } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';
import type { VirtualIp } from '#shared/party/virtual-ip';
import type { PeerNetwork } from '../network/peer-network';
import type { SizeAnswer } from '../network/tunnel-service';
import {
  newSizeSearch,
  stepSizeSearch,
  type SizeCommand,
  type SizeInput,
  type SizeSearch,
} from './packet-size';

interface SizeKeeperEvents {
  /** A limit could not be set. */
  fault: [LanrageError];
}

interface Kept {
  readonly virtualIp: VirtualIp;
  /** Where packets to the peer go; null while there is no path. */
  endpoint: Endpoint | null;
  txBytes: number;
  search: SizeSearch;
  /** When its search may begin to send: the searches of a large party do not all begin at once. */
  turnAtMs: number;
}

/** Between the beginnings of two searches: 255 of them at once would be as large as a game's burst. */
const SPACING_MS = 10;

/** Keeps what is sent to each peer within what the path to it carries. */
export class SizeKeeper extends EventEmitter<SizeKeeperEvents> {
  private readonly kept = new Map<PeerId, Kept>();
  private mayExceed = true;
  private nextTurnAtMs = 0;
  private limits: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private timerDueAtMs = Infinity;

  constructor(private readonly network: Pick<PeerNetwork, 'probeSizes' | 'limitPackets'>) {
    super();
  }

  /**
   * How a peer is reached just now.
   * @param endpoint where packets to it go; null while there is no path
   * @param txBytes that WireGuard has sent to it; absent: as before
   */
  see(peerId: PeerId, virtualIp: VirtualIp, endpoint: Endpoint | null, txBytes?: number): void {
    const nowMs = performance.now();
    const known = this.kept.get(peerId);
    const isKnown = known?.virtualIp === virtualIp;
    if (known && !isKnown) this.forget(peerId);
    if (!isKnown && endpoint === null) return;
    const peer = isKnown ? known : this.newPeer(virtualIp, nowMs);
    this.kept.set(peerId, peer);
    peer.txBytes = txBytes ?? peer.txBytes;
    if (endpoint !== peer.endpoint) {
      peer.endpoint = endpoint;
      this.step(peer, { type: endpoint === null ? 'path_lost' : 'path_changed' }, nowMs);
    }
    this.look(peer, nowMs);
  }

  /** This machine may reach everybody by another path now. */
  restart(): void {
    const nowMs = performance.now();
    for (const peer of this.kept.values()) {
      if (peer.endpoint !== null) this.step(peer, { type: 'path_changed' }, nowMs);
      this.look(peer, nowMs);
    }
  }

  /** The peer got the probe of this size. */
  answered(virtualIp: VirtualIp, answer: SizeAnswer): void {
    this.tell(virtualIp, { type: 'answered', ...answer });
  }

  /** The peer says that its path to this machine has changed. */
  peerMoved(virtualIp: VirtualIp): void {
    this.tell(virtualIp, { type: 'peer_moved' });
  }

  /** The largest packets that the path to a peer was found to carry; null: all of the tunnel's, as far as is known. */
  limitOf(peerId: PeerId): number | null {
    return this.kept.get(peerId)?.search.found ?? null;
  }

  /** Undoes what was limited for a peer. */
  forget(peerId: PeerId): void {
    const peer = this.kept.get(peerId);
    this.kept.delete(peerId);
    if (peer && peer.search.limit !== null) this.limit(peer.virtualIp, null);
  }

  /** Forgets everybody; limits go with the interface. */
  clear(): void {
    clearTimeout(this.timer);
    this.timerDueAtMs = Infinity;
    this.kept.clear();
  }

  private newPeer(virtualIp: VirtualIp, nowMs: number): Kept {
    return { virtualIp, endpoint: null, txBytes: 0, search: newSizeSearch(nowMs), turnAtMs: nowMs };
  }

  private tell(virtualIp: VirtualIp, input: SizeInput): void {
    const peer = [...this.kept.values()].find((one) => one.virtualIp === virtualIp);
    if (!peer) return;
    const nowMs = performance.now();
    this.step(peer, input, nowMs);
    this.look(peer, nowMs);
  }

  private look(peer: Kept, nowMs: number): void {
    if (nowMs >= peer.turnAtMs) this.step(peer, { type: 'look', txBytes: peer.txBytes }, nowMs);
    this.schedule(Math.max(peer.search.dueAtMs, peer.turnAtMs));
  }

  private step(peer: Kept, input: SizeInput, nowMs: number): void {
    const before = peer.search;
    const { search, commands } = stepSizeSearch(before, input, nowMs, this.mayExceed);
    peer.search = search;
    if (search.beganAtMs !== before.beganAtMs && search.rounds === 0) this.takeTurn(peer, nowMs);
    for (const command of commands) this.carryOut(command, peer);
  }

  private takeTurn(peer: Kept, nowMs: number): void {
    peer.turnAtMs = Math.max(nowMs, this.nextTurnAtMs);
    this.nextTurnAtMs = peer.turnAtMs + SPACING_MS;
  }

  private carryOut(command: SizeCommand, { virtualIp }: Kept): void {
    switch (command.type) {
      case 'probe':
        return this.network.probeSizes(virtualIp, command.sizes, command.isNew);
      case 'limit':
        return this.limit(virtualIp, command.bytes);
    }
  }

  /** One after the other, so that the last word counts. */
  private limit(virtualIp: VirtualIp, bytes: number | null): void {
    this.limits = this.limits.then(async () => {
      try {
        this.mayExceed = await this.network.limitPackets(virtualIp, bytes);
      } catch (error) {
        if (!(error instanceof LanrageError)) throw error;
        this.emit('fault', error);
      }
    });
  }

  private schedule(dueAtMs: number): void {
    if (dueAtMs >= this.timerDueAtMs) return;
    clearTimeout(this.timer);
    this.timerDueAtMs = dueAtMs;
    this.timer = setTimeout(() => this.lookAtAll(), Math.max(0, dueAtMs - performance.now())).unref();
  }

  private lookAtAll(): void {
    const nowMs = performance.now();
    this.timerDueAtMs = Infinity;
    for (const peer of this.kept.values()) this.look(peer, nowMs);
  }
}
