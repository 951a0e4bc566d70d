import type { PartyId, PeerId } from '#shared/party/identity';
import type { Identity } from '../auth/identity';

export interface MemberRecord extends Identity {
  readonly name: string;
  /** Number of its address, see virtual-ip.ts. */
  readonly slot: number;
  readonly joinedAtMs: number;
}

/** A party as the database has it: membership alone, without presence and relays. */
export interface PartyRecord {
  readonly id: PartyId;
  readonly name: string;
  readonly hostId: PeerId;
  readonly maxPeers: number;
  readonly revision: number;
  readonly createdAtMs: number;
  /** In order of joining; equal times in order of id. */
  readonly members: readonly MemberRecord[];
}

/** The slots of a party beside those of its members. */
export interface Leases {
  /** What the peer in question had here before, if anything. */
  readonly ownSlot: number | null;
  /** Kept for others who left. */
  readonly departedSlots: readonly number[];
}
