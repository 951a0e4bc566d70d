import { z } from 'zod';
import { natTypeField, endpointField, partyIdField, peerIdField, udpReachField } from './fields';
import { errorBodySchema } from './rest';
import { stateEntrySchema } from './state';
import {
  attemptCauses,
  directAttemptSchema,
  endReasons,
  leaveReasons,
  memberSchema,
  partySnapshotSchema,
  partyTermsShape,
  presenceSchema,
  relayRefusalField,
  relaySessionSchema,
} from './party';

/**
 * The agents' socket.io namespace. An agent connects with `auth: { token }`; the first event it gets is
 * `party.snapshot`. Changes of membership carry the revision that they lead to: an agent that misses one
 * asks for a snapshot again.
 */
export const AGENT_NAMESPACE = '/agents';

/** A server that is back has every agent within this time, however long it was away. */
export const LONGEST_RETURN_MS = 10_000;

export const agentHandshakeSchema = z.object({ token: z.string().min(1).max(2048) });

const membershipChange = { partyId: partyIdField, revision: z.int() };

/** Server → agent, by event name. */
export const agentEventSchemas = {
  /** The party that the agent is in, as the server knows it now; null when in none. */
  'party.snapshot': z.object({ party: partySnapshotSchema.nullable() }),
  /** Somebody new, or a member under a new name. */
  'member.joined': z.object({
    ...membershipChange,
    member: memberSchema,
    relay: relaySessionSchema.nullable(),
    /** Why there is no session. */
    relayRefusal: relayRefusalField.optional(),
    /** Absent: as before. */
    hostId: peerIdField.optional(),
  }),
  'member.left': z.object({
    ...membershipChange,
    peerId: peerIdField,
    reason: z.enum(leaveReasons),
    hostId: peerIdField,
  }),
  /** Everything that is to know of the party besides its members, after a change of it. */
  'party.changed': z.object({ ...membershipChange, ...partyTermsShape }),
  /** To a member alone: the party is over for it. */
  'party.ended': z.object({ ...membershipChange, reason: z.enum(endReasons) }),
  /** The shared state: versions count up by one, so an agent that sees a gap reads it anew. */
  'state.changed': stateEntrySchema.extend({ partyId: partyIdField }),
  /** Presence only: no revision, the newest word wins. */
  'member.presence': z.object({
    partyId: partyIdField,
    peerId: peerIdField,
    online: z.boolean(),
    natType: natTypeField,
    endpoint: endpointField.nullable(),
    direct: z.boolean().default(true),
    udp: udpReachField,
  }),
  /** The relay sessions that changed, by the other member's id. */
  'relays.changed': z.object({
    partyId: partyIdField,
    relays: z.record(z.string(), relaySessionSchema.nullable()),
    /** Why there is no session with these members. */
    refusals: z.record(z.string(), relayRefusalField).optional(),
  }),
  /** Both members of a pair get this at once: see docs/protocol.md, "Direct paths". */
  'path.attempt': directAttemptSchema,
  /** An agent with this key connected from elsewhere; this connection is closed and must not reconnect by itself. */
  'session.replaced': z.object({}),
  /** The operator has banned the key: it is in no party any more, and this connection is closed. */
  'session.banned': z.object({}),
} as const;

export type AgentEventName = keyof typeof agentEventSchemas;
export type AgentEvents = { [Name in AgentEventName]: z.output<(typeof agentEventSchemas)[Name]> };

/** Agent → server, by event name; each is acknowledged with `{ ok: true, … }` or an error body. */
export const agentRequestSchemas = {
  /** Acknowledged with `{ ok: true, relaysVersion }`. */
  'presence.update': presenceSchema,
  /** Acknowledged with `{ ok: true, party }`. */
  'party.get': z.object({}),
  /** Asks for another `path.attempt` with this member; one that comes too soon after the last is not answered by any. */
  'path.request': z.object({
    partyId: partyIdField,
    peerId: peerIdField,
    cause: z.enum(attemptCauses).default('again'),
  }),
} as const;

export type AgentRequestName = keyof typeof agentRequestSchemas;
export type AgentRequests = { [Name in AgentRequestName]: z.output<(typeof agentRequestSchemas)[Name]> };

export const acknowledgementSchema = z.union([
  z.object({
    ok: z.literal(true),
    party: partySnapshotSchema.nullable().optional(),
    /** Other than before: the server's list of relays has changed. */
    relaysVersion: z.string().max(64).optional(),
  }),
  errorBodySchema.extend({ ok: z.literal(false) }),
]);
export type Acknowledgement = z.output<typeof acknowledgementSchema>;
