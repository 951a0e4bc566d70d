/** What a PartyManager takes, and what it tells. */
import type { StateEntry } from '#shared/api/state';
import type { ErrorCode, LanrageError } from '#shared/errors';
import type { NatInfo } from '../nat/nat-traversal';
import type { Party, Peer } from './party';

export interface CreateOptions {
  /** Display name; the configured nickname when absent. */
  readonly peerName?: string | undefined;
  readonly maxPeers?: number | undefined;
  /** Whoever joins has to know it. */
  readonly password?: string | undefined;
  /** Nobody may join yet. */
  readonly locked?: boolean | undefined;
  /** In the list of parties. */
  readonly public?: boolean | undefined;
  /** Outlives its last member. */
  readonly persistent?: boolean | undefined;
  readonly discordUrl?: string | undefined;
}

export interface JoinOptions {
  readonly password?: string | undefined;
}

export type PartyStatus =
  | {
      readonly status: 'no_party';
      readonly natInfo: NatInfo;
      /** Why the last party is over, if the player did not leave it. */
      readonly endedBecause: EndNotice | null;
    }
  | {
      readonly status: 'in_party';
      readonly party: Party;
      /** This peer included. */
      readonly peerCount: number;
      readonly natInfo: NatInfo;
      /** Whether the server's events arrive; the game does not need them. */
      readonly controlConnected: boolean;
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
  /** A key of the shared state was written or removed. Versions count up by one: after a gap, read it anew. */
  stateChanged: [StateEntry];
  /** The path to a peer changed; when it failed, `failure` says why. */
  connectionChanged: [Peer];
  natDetected: [NatInfo];
  controlConnected: [];
  controlLost: [];
  /** In no party any more; without a reason after `leaveParty`. */
  ended: [reason: LanrageError | null];
  /** What went wrong behind the scenes and is being tried again: for the log. */
  fault: [Error];
}
