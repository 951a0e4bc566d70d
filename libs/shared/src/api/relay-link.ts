import { z } from 'zod';
import { endpointField, publicKeyField, relayIdField } from './fields';

/**
 * The link between a relay and the control plane: a socket.io namespace that the relay dials. The control
 * plane decides which pairs exist; the relay decides on which port, and keeps every pair alive while the
 * control plane is away.
 */
export const RELAY_NAMESPACE = '/relays';
export const RELAY_LINK_VERSION = 1;

/** Both sides split longer lists over several messages, so that no message outgrows the socket's limit. */
export const PAIRS_PER_MESSAGE = 500;

/** An hour. */
export const LONGEST_DRAIN_MS = 3_600_000;

const pairIdField = z.string().min(1).max(64);
const portField = z.int().min(1).max(65_535);

/** One pair of players: both WireGuard public keys, in ascending order of the text. */
const playersField = z.tuple([publicKeyField, publicKeyField]);

/** What the relay sends as socket.io `auth`. */
export const relayHandshakeSchema = z.object({
  version: z.literal(RELAY_LINK_VERSION),
  secret: z.string().min(1).max(256),
  relayId: relayIdField,
  region: z.string().min(1).max(32),
  /** IP address to which players send; the pair's port completes it. */
  publicAddress: z.union([z.ipv4(), z.ipv6()]),
  stunEndpoints: z.array(endpointField).max(8),
  /** The most pairs it takes. */
  capacityPairs: z.int().min(0),
  /** It is about to stop, and said so before the link broke. */
  draining: z.boolean().optional(),
});
export type RelayHandshake = z.output<typeof relayHandshakeSchema>;

export const openPairSchema = z.object({ pairId: pairIdField, players: playersField, port: portField });
export type OpenPair = z.output<typeof openPairSchema>;

export const relayErrorCodes = ['NO_FREE_PORT', 'AT_CAPACITY'] as const;

/** Relay → control, by event name, each acknowledged. */
export const relayReportSchemas = {
  /**
   * First event after connecting: what is open here, in as many messages as it takes; only the last one is
   * `final`. Each is acknowledged with those of its pairs that are to be closed.
   */
  'pairs.announce': z.object({
    pairs: z.array(openPairSchema).max(PAIRS_PER_MESSAGE),
    final: z.boolean().default(true),
  }),
  /** Public addresses of players, from sessions that carried data both ways. */
  'pairs.observed': z.object({
    observations: z
      .array(z.object({ pairId: pairIdField, publicKey: publicKeyField, endpoint: endpointField }))
      .max(PAIRS_PER_MESSAGE),
  }),
  load: z.object({
    pairs: z.int(),
    packetsPerSecond: z.number(),
    bytesPerSecond: z.number(),
    /** Health: by how much the event loop was late, 99th percentile since the last report. */
    eventLoopDelayMs: z.number().optional(),
  }),
  /** It stops when it is empty, or after this time. Answered with {@link drainAnswerSchema}. */
  drain: z.object({ withinMs: z.int().min(0).max(LONGEST_DRAIN_MS) }),
} as const;

export const announceAnswerSchema = z.object({ close: z.array(pairIdField) });
/** `wait`: another relay can take the pairs, so that waiting is of use. */
export const drainAnswerSchema = z.object({ wait: z.boolean() });

/** Control → relay, by event name, each acknowledged. */
export const relayCommandSchemas = {
  /** Idempotent: a pair that is open already keeps its port. `preferredPort` is the port it had before, if any. */
  'pairs.open': z.object({
    pairs: z
      .array(z.object({ pairId: pairIdField, players: playersField, preferredPort: portField.nullable() }))
      .max(PAIRS_PER_MESSAGE),
  }),
  'pairs.close': z.object({ pairIds: z.array(pairIdField).max(PAIRS_PER_MESSAGE) }),
} as const;

export const openAnswerSchema = z.object({
  results: z.array(
    z.union([
      z.object({ pairId: pairIdField, port: portField }),
      z.object({ pairId: pairIdField, error: z.enum(relayErrorCodes) }),
    ]),
  ),
});
export type OpenAnswer = z.output<typeof openAnswerSchema>;
export type OpenPairsCommand = z.output<(typeof relayCommandSchemas)['pairs.open']>;
