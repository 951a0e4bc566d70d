import { z } from 'zod';
import {
  endpointField,
  nameField,
  natTypeField,
  partyIdField,
  peerIdField,
  publicKeyField,
  relayIdField,
  timestampField,
  virtualIpField,
} from './fields';

/**
 * A party on the wire. Two kinds of facts travel together: *membership* is durable and ordered by the
 * party's `revision`; *presence* (online, NAT type, endpoint) lives as long as the member's connection and the
 * time-out after it.
 */

/** How many relays an agent measures. */
export const MAX_MEASURED_RELAYS = 16;
const LONGEST_ROUND_TRIP_MS = 10_000;

/** Milliseconds by relay id; null: no answer. */
export const relayRoundTripsField = z
  .record(relayIdField, z.number().min(0).max(LONGEST_ROUND_TRIP_MS).nullable())
  .refine((all) => Object.keys(all).length <= MAX_MEASURED_RELAYS, `at most ${MAX_MEASURED_RELAYS} relays`);

/** What an agent says of its own network; forgotten when it goes away. */
export const presenceSchema = z.object({
  natType: natTypeField.default('unknown'),
  /** The public address of WireGuard's socket, where the agent knows it. */
  endpoint: endpointField.nullable().default(null),
  /** For the server alone, which chooses relays by it. Absent: nothing new was measured. */
  relayRoundTripsMs: relayRoundTripsField.optional(),
});
export type Presence = z.output<typeof presenceSchema>;

export const memberSchema = z.object({
  id: peerIdField,
  name: nameField,
  publicKey: publicKeyField,
  virtualIp: virtualIpField,
  joinedAt: timestampField,
  online: z.boolean(),
  natType: natTypeField,
  endpoint: endpointField.nullable(),
});
export type Member = z.output<typeof memberSchema>;

/** Where the viewer's WireGuard reaches one other member through a relay. */
export const relaySessionSchema = z.object({ relayId: z.string().max(64), endpoint: endpointField });
export type RelaySession = z.output<typeof relaySessionSchema>;

/** A party as one of its members sees it: everything needed to connect, in one answer. */
export const partySnapshotSchema = z.object({
  id: partyIdField,
  name: nameField,
  hostId: peerIdField,
  createdAt: timestampField,
  maxPeers: z.int(),
  /** Grows by one with every change of membership. */
  revision: z.int(),
  /** In order of joining, the viewer included. */
  members: z.array(memberSchema),
  /**
   * By peer id, one entry for each other member. Null: the server knows of no session just now, because no relay
   * has room or, after a restart of the server, has not announced itself yet; one that worked before still does.
   */
  relays: z.record(z.string(), relaySessionSchema.nullable()),
});
export type PartySnapshot = z.output<typeof partySnapshotSchema>;

export const leaveReasons = ['left', 'timed_out'] as const;
export type LeaveReason = (typeof leaveReasons)[number];
