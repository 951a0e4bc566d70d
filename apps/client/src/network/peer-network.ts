import type { Endpoint } from '#shared/endpoint';
import type { VirtualIp } from '#shared/party/virtual-ip';
import type { PeerReading } from './device';

export interface PeerAddress {
  readonly publicKey: string;
  readonly virtualIp: VirtualIp;
}

export interface CheckAnswer {
  /** The check's. */
  readonly nonce: Buffer;
  /** Where it came from. */
  readonly endpoint: Endpoint;
  readonly home: Endpoint;
  /** Whether the peer has not said yet that it hears this side there. */
  readonly isBackOpen: boolean;
}

/** What connections to peers need of the network: WireGuard's peers, and a word with their agents through the tunnel. */
export interface PeerNetwork {
  addPeer(peer: PeerAddress & { endpoint: Endpoint }): Promise<void>;
  removePeer(publicKey: string): Promise<void>;
  /** Adds the peer at each candidate in turn, which sends a handshake initiation there; it stays at the last. */
  knockPeer(peer: PeerAddress, candidates: readonly Endpoint[]): Promise<void>;
  /** Sends a check to each candidate, then points the peer to `home` again. */
  flickPeer(peer: PeerAddress, candidates: readonly Endpoint[], home: Endpoint): Promise<void>;
  /**
   * Says that a check was heard: to where it came from and, as that way may be one-way, by `home`. Checks the way back if
   * asked to.
   */
  answerCheck(peer: PeerAddress, answer: CheckAnswer): Promise<void>;
  /** Says that a check was heard, by the path that is in use. */
  sayHeard(virtualIp: VirtualIp, nonce: Buffer): void;
  /** Moves a peer, with its session. */
  pointPeer(publicKey: string, endpoint: Endpoint): Promise<void>;
  /** The counters of all peers, by public key; empty while there is no interface. */
  readPeers(): Promise<ReadonlyMap<string, PeerReading>>;
  /** The round trip to the peer's agent in milliseconds; null without an answer. */
  probe(virtualIp: VirtualIp): Promise<number | null>;
  /** Tells the peer's agent that this one has sent to its candidates. */
  saySent(virtualIp: VirtualIp): void;
  /** Sends the peer's agent a probe of each size; `isNew`: and says that the path has changed. */
  probeSizes(virtualIp: VirtualIp, sizes: readonly number[], isNew: boolean): void;
  /**
   * Sends the peer no larger packets from now on; null: any that the tunnel takes.
   * @returns whether probes can still be larger, and leave in one piece
   * @throws LanrageError INTERFACE_FAILED
   */
  limitPackets(virtualIp: VirtualIp, bytes: number | null): Promise<boolean>;
}
