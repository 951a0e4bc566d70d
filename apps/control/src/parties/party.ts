import type { LeaveReason, PartySettings } from '#shared/api/party';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { Identity } from '../auth/identity';

export interface MemberRecord extends Identity {
  readonly name: string;
  /** Number of its address, see virtual-ip.ts. */
  readonly slot: number;
  readonly joinedAtMs: number;
}

/** What hosts and owners decide about a party. */
export interface PartyTerms {
  readonly name: string;
  readonly hostId: PeerId;
  readonly ownerId: PeerId;
  readonly maxPeers: number;
  readonly settings: PartySettings;
}

/** A party as the database has it: terms and membership, without presence and relays. */
export interface PartyRecord extends PartyTerms {
  readonly id: PartyId;
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

/** What the party knows of a peer that wants to join. */
export interface Standing {
  readonly banned: boolean;
  /** How its last stay ended; null for a member, and for a stranger. */
  readonly departure: LeaveReason | null;
  /** The party's, not the peer's; null: none is needed. */
  readonly passwordHash: string | null;
}

/** A peer that wants to join. */
export interface Entrant {
  readonly peerId: PeerId;
  /** The address that it would like, by its number. */
  readonly preferredSlot: number;
  /** It takes up a stay again that its player did not end. */
  readonly resumes: boolean;
  /** The hash of the password that it has proven to know. */
  readonly provenHash: string | null;
}
