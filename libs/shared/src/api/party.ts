import { z } from 'zod';
import { DEFAULT_NETWORK, SHARED_SLOTS } from '../party/virtual-ip';
import { mayBeEndpoint } from '../peer-endpoint';
import {
  bytesField,
  discordUrlField,
  endpointField,
  nameField,
  natTypeField,
  partyIdField,
  peerIdField,
  publicKeyField,
  relayIdField,
  timestampField,
  udpReachField,
  virtualIpField,
} from './fields';

/**
 * A party on the wire. Two kinds of facts travel together: *membership* is durable and ordered by the
 * party's `revision`; *presence* (online, NAT type, endpoint) lives as long as the member's connection and the
 * time-out after it.
 */

/**
 * Where a peer's WireGuard may be reached without a relay (after RFC 8445 section 5.1.1): at an address of its own
 * machine (`host`), at a port that its router opened on request (`mapped`), or where a relay or a STUN server sees it
 * (`reflexive`).
 */
export const candidateKinds = ['host', 'mapped', 'reflexive'] as const;
export const candidateSchema = z.object({ kind: z.enum(candidateKinds), endpoint: endpointField });
export type Candidate = z.output<typeof candidateSchema>;

export const MAX_CANDIDATES = 12;
const candidatesField = z.array(candidateSchema).max(MAX_CANDIDATES);
/** How many relays an agent measures. */
export const MAX_MEASURED_RELAYS = 16;
const LONGEST_ROUND_TRIP_MS = 10_000;

/** Milliseconds by relay id; null: no answer. */
export const relayRoundTripsField = z
  .record(relayIdField, z.number().min(0).max(LONGEST_ROUND_TRIP_MS).nullable())
  .refine((all) => Object.keys(all).length <= MAX_MEASURED_RELAYS, `at most ${MAX_MEASURED_RELAYS} relays`);

/**
 * What an agent says of its own network; forgotten when it goes away. Endpoints that no player can have are left out,
 * and the rest is good: an agent of another version is not kept from its party by them.
 */
export const presenceSchema = z.object({
  natType: natTypeField.default('unknown'),
  /** The public address of WireGuard's socket, where the agent knows it. */
  endpoint: endpointField
    .nullable()
    .default(null)
    .transform((endpoint) => (endpoint !== null && mayBeEndpoint(endpoint) ? endpoint : null)),
  /** Shown only to the members that are to try them, when they are. */
  candidates: candidatesField
    .default([])
    .transform((all) => all.filter(({ endpoint }) => mayBeEndpoint(endpoint))),
  /** Whether it takes part in looking for direct paths; if not, its address is shown to nobody. */
  direct: z.boolean().default(true),
  /** From whom it gets answers by UDP, so that the others can tell whose network blocks it. */
  udp: udpReachField,
  /** For the server alone, which chooses relays by it. Absent: nothing new was measured. */
  relayRoundTripsMs: relayRoundTripsField.optional(),
});
export type Presence = z.output<typeof presenceSchema>;

/** The moment for both members of a pair to look for a direct path to each other. */
export const directAttemptSchema = z.object({
  partyId: partyIdField,
  peerId: peerIdField,
  /** Counts the attempts of this pair, from 1. */
  attempt: z.int().min(1),
  /** Whether this side sends first; it takes turns. */
  first: z.boolean(),
  /** Where the other side may be, the best first. */
  candidates: candidatesField,
});
/**
 * Why a member asks for an attempt. `again`: it is time for another one. `changed`: the last one says nothing any more, as
 * something is different, or it was never heard of.
 */
export const attemptCauses = ['again', 'changed'] as const;
export type AttemptCause = (typeof attemptCauses)[number];
export type DirectAttempt = z.output<typeof directAttemptSchema>;

/** Base64 of 32 bytes by which a member shows the others that it knows the party key, see docs/security.md. */
export const voucherField = z.base64().length(44);

export const memberSchema = z.object({
  id: peerIdField,
  name: nameField,
  publicKey: publicKeyField,
  virtualIp: virtualIpField,
  joinedAt: timestampField,
  online: z.boolean(),
  natType: natTypeField,
  endpoint: endpointField.nullable(),
  direct: z.boolean().default(true),
  udp: udpReachField,
  /** Null: it came without an invite link. */
  voucher: voucherField.nullable().default(null),
});
export type Member = z.output<typeof memberSchema>;

/** Where the viewer's WireGuard reaches one other member through a relay. */
export const relaySessionSchema = z.object({ relayId: z.string().max(64), endpoint: endpointField });
export type RelaySession = z.output<typeof relaySessionSchema>;

/** Why no relay carries a pair: there is none, its party has used up its share of them, or they are full. */
export const relayRefusals = ['no_relay', 'share_used_up', 'relays_full'] as const;
export type RelayRefusal = (typeof relayRefusals)[number];
/** A reason that only newer servers know is read as `no_relay`. */
export const relayRefusalField = z.enum(relayRefusals).catch('no_relay');

/** How the host has arranged the party. */
export const partySettingsSchema = z.object({
  /** Nobody new may join. */
  locked: z.boolean(),
  /** Everybody may find it in the list of parties. */
  public: z.boolean(),
  /** Outlives its last member. */
  persistent: z.boolean(),
  hasPassword: z.boolean(),
  /** Only invite links lead in, and members connect to nobody else. For good. */
  sealed: z.boolean().default(false),
  /** Where the members talk and share screens. */
  discordUrl: discordUrlField.nullable(),
});
export type PartySettings = z.output<typeof partySettingsSchema>;

/** What there is to know of a party besides who is in it. */
export const partyTermsShape = {
  name: nameField,
  hostId: peerIdField,
  /** The creator, or the player who was given the party since; in it or not. */
  ownerId: peerIdField,
  maxPeers: z.int(),
  settings: partySettingsSchema,
};

/** One for each address. */
export const MOST_MEMBERS = SHARED_SLOTS + 1;

/** How many of those who timed out a party tells of. */
export const MOST_TIMED_OUT = 256;

/** A party as one of its members sees it: everything needed to connect, in one answer. */
export const partySnapshotSchema = z.object({
  id: partyIdField,
  ...partyTermsShape,
  createdAt: timestampField,
  /** The network of the members' addresses, for good; agents check it. Older servers, which do not send it, have but one. */
  network: z.string().max(18).default(DEFAULT_NETWORK),
  /** Grows by one with every change of membership and terms. */
  revision: z.int(),
  /** Version of the shared state (state.ts): a member that knows an older one missed something. Absent: an older server. */
  stateVersion: z.int().min(0).optional(),
  /** In order of joining, the viewer included. */
  members: z.array(memberSchema).max(MOST_MEMBERS),
  /**
   * By peer id, one entry for each other member. Null: the server knows of no session just now, because no relay
   * has room or, after a restart of the server, has not announced itself yet; one that worked before still does.
   */
  relays: z.record(z.string(), relaySessionSchema.nullable()),
  /** Why there is no session with these members. */
  relayRefusals: z.record(z.string(), relayRefusalField).optional(),
  /** Former members who were only away for too long, the latest ones: nobody ended their stay. */
  timedOut: z.array(peerIdField).max(MOST_TIMED_OUT).default([]),
});
export type PartySnapshot = z.output<typeof partySnapshotSchema>;

export const LEAVE_TICKET_BYTES = 16;
export const leaveTicketField = bytesField(LEAVE_TICKET_BYTES);

/** The answer to creating or joining a party. */
export const partyEntrySchema = partySnapshotSchema.extend({
  /**
   * Ends this stay of the viewer's, no matter who presents it to the server. The agent keeps it secret until it leaves, and
   * then gives it to the others, who hand it on if the agent cannot. Absent: an older server.
   */
  leaveTicket: leaveTicketField.optional(),
});
export type PartyEntry = z.output<typeof partyEntrySchema>;

/** Another member's goodbye, as it came through the tunnel. */
export const goodbyeRequestSchema = z.object({ peerId: peerIdField, leaveTicket: leaveTicketField });
export type GoodbyeRequest = z.output<typeof goodbyeRequestSchema>;

export const leaveReasons = ['left', 'timed_out', 'kicked', 'banned'] as const;
export type LeaveReason = (typeof leaveReasons)[number];

/** Why a party is over for a member that did not leave it. */
export const endReasons = ['kicked', 'banned', 'closed', 'closed_by_operator'] as const;
export type EndReason = (typeof endReasons)[number];
