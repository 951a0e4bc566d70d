import { z } from 'zod';
import {
  discordUrlField,
  endpointField,
  nameField,
  natTypeField,
  partyIdField,
  peerIdField,
  publicKeyField,
  timestampField,
  virtualIpField,
} from './fields';

/**
 * A party on the wire. Two kinds of facts travel together: *membership* is durable and ordered by the
 * party's `revision`; *presence* (online, NAT type, endpoint) lives as long as the member's connection and the
 * time-out after it.
 */

/** What an agent says of its own network; forgotten when it goes away. */
export const presenceSchema = z.object({
  natType: natTypeField.default('unknown'),
  /** The public address of WireGuard's socket, where the agent knows it. */
  endpoint: endpointField.nullable().default(null),
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

/** How the host has arranged the party. */
export const partySettingsSchema = z.object({
  /** Nobody new may join. */
  locked: z.boolean(),
  /** Everybody may find it in the list of parties. */
  public: z.boolean(),
  /** Outlives its last member. */
  persistent: z.boolean(),
  hasPassword: z.boolean(),
  /** Where the members talk and share screens. */
  discordUrl: discordUrlField.nullable(),
});
export type PartySettings = z.output<typeof partySettingsSchema>;

/** What there is to know of a party besides who is in it. */
export const partyTermsShape = {
  name: nameField,
  hostId: peerIdField,
  /** The creator, or whoever was given the party since; in it or not. */
  ownerId: peerIdField,
  maxPeers: z.int(),
  settings: partySettingsSchema,
};

/** A party as one of its members sees it: everything needed to connect, in one answer. */
export const partySnapshotSchema = z.object({
  id: partyIdField,
  ...partyTermsShape,
  createdAt: timestampField,
  /** Grows by one with every change of membership and terms. */
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

export const leaveReasons = ['left', 'timed_out', 'kicked', 'banned'] as const;
export type LeaveReason = (typeof leaveReasons)[number];

/** Why a party is over for a member that did not leave it. */
export const endReasons = ['kicked', 'banned', 'closed'] as const;
export type EndReason = (typeof endReasons)[number];
