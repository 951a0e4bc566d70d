import type { LeaveReason, PartySettings } from '#shared/api/party';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { VirtualNetwork } from '#shared/party/virtual-ip';
import type { Identity } from './identity';

export interface MemberRecord extends Identity {
  readonly name: string;
  /** Number of its address, see virtual-ip.ts. */
  readonly slot: number;
  readonly joinedAtMs: number;
  /** For the other members, who can check it. */
  readonly voucher: string | null;
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
  /** The version of what the members share, when it was read. */
  readonly stateVersion: number;
  readonly createdAtMs: number;
  /** The network that the members' addresses are in, for good. */
  readonly network: VirtualNetwork;
  /** Stands for the address that it was made from; null: not known. For nobody to see. */
  readonly origin: string | null;
  /** In order of joining; equal times in order of id. */
  readonly members: readonly MemberRecord[];
  /** Who was let go for being away too long, and neither came back nor was removed since; the latest first. */
  readonly timedOut: readonly PeerId[];
}

/**
 * How far a member is there: `away` has no connection, but may be back at any moment; `gone` had the time to come back. Who is
 * not known about is away.
 */
export type Attendance = 'online' | 'away' | 'gone';
export type AttendanceOf = (peerId: PeerId) => Attendance;

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
  /** When that was, Unix time; null: not known. */
  readonly departedAtMs: number | null;
  /** The party's, not the peer's; null: none is needed. */
  readonly passwordHash: string | null;
  /** The one whose secret the peer gave; null: the party has none of that secret. */
  readonly invite: InviteRecord | null;
}

export interface InviteRecord {
  readonly id: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly uses: number;
  /** Null: any number. */
  readonly maxUses: number | null;
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
  /** It came by an invite link, of whatever worth. */
  readonly invited: boolean;
  /** It gives the other members something by which to check it. */
  readonly vouched: boolean;
}
