/** What a PartyManager takes, and what it tells. */
import type { StateEntry } from '#shared/api/state';
import type { ErrorCode, LanrageError } from '#shared/errors';
import type { KnownServer } from '../discovery/games/known-servers';
import type { DiscoveryInfo } from '../discovery/lan-discovery';
import type { NatInfo } from '../nat/nat-traversal';
import type { GuardInfo } from '../network/guard/guard';
import type { TunnelInfo, TunnelPart } from '../network/routing/tunnel-state';
import type { Party, Peer } from './party';

/** Where a party is to be, and what becomes of the present one. */
interface EntryOptions {
  /** The server, an http(s) URL; absent: that of the link, or else the player's own. */
  readonly server?: string | undefined;
  /** Leave the present party first; else it is refused with ALREADY_IN_PARTY. */
  readonly leave?: boolean | undefined;
}

export interface CreateOptions extends EntryOptions {
  /** Display name; the configured nickname when absent. */
  readonly peerName?: string | undefined;
  readonly maxPeers?: number | undefined;
  /** Those who join have to know it. */
  readonly password?: string | undefined;
  /** Nobody may join yet. */
  readonly locked?: boolean | undefined;
  /** In the list of parties. */
  readonly public?: boolean | undefined;
  /** Outlives its last member. */
  readonly persistent?: boolean | undefined;
  /** Only invite links lead in, and the members connect to nobody else. For good. */
  readonly sealed?: boolean | undefined;
  readonly discordUrl?: string | undefined;
  /** The network of the players' addresses, such as `10.87.0.0/16`; absent: one that is free on this machine. */
  readonly network?: string | undefined;
}

export interface JoinOptions extends EntryOptions {
  /** For the server where the party is. */
  readonly password?: string | undefined;
}

export type PartyStatus =
  | {
      readonly status: 'no_party';
      readonly peerCount: 0;
      /** The control plane that the agent has turned to, an http(s) URL. */
      readonly server: string;
      readonly natInfo: NatInfo;
      /** Why the last party is over, if the player did not leave it. */
      readonly endedBecause: EndNotice | null;
    }
  | {
      readonly status: 'in_party';
      readonly party: Party;
      /** This peer included. */
      readonly peerCount: number;
      /** Where the party is, an http(s) URL. */
      readonly server: string;
      readonly natInfo: NatInfo;
      /** Whether the server's events arrive; the game does not need them. */
      readonly controlConnected: boolean;
      /** What the other members reach on this machine. */
      readonly guard: GuardInfo | null;
      /** How the party's interface stands among the machine's networks. */
      readonly tunnel: TunnelInfo | null;
      /** What is carried of the broadcasts of this machine's games. */
      readonly discovery: DiscoveryInfo | null;
    };

export interface EndNotice {
  readonly code: ErrorCode;
  readonly message: string;
}

export interface PartyManagerEvents {
  peerJoined: [Peer];
  /** The peer as it was last seen. */
  peerLeft: [Peer];
  hostChanged: [Peer];
  /** Its name, owner, size or settings. */
  partyChanged: [Party];
  /**
   * A key of the shared state was written, or removed: then without `value`. In the order of versions, each once; of what
   * changed while the server was away, the newest of each key.
   */
  stateChanged: [StateEntry];
  /** All servers of games that show themselves in the party, as one is new or has another name. One that falls silent is no change. */
  gamesChanged: [readonly KnownServer[]];
  /** The path to a peer changed; when it failed, `failure` says why. */
  connectionChanged: [Peer];
  /** Another program took this of the party's interface away; it is back. */
  tunnelRepaired: [parts: readonly TunnelPart[]];
  /** Something is missing of the interface, or players are reached by it no more; or that is over. */
  tunnelChanged: [TunnelInfo];
  natDetected: [NatInfo];
  controlConnected: [];
  controlLost: [];
  /** In no party any more; without a reason after `leaveParty`. */
  ended: [reason: LanrageError | null];
  /** What went wrong behind the scenes and is being tried again: for the log. */
  fault: [Error];
}
