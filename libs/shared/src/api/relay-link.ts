import { z } from 'zod';
import { splitEndpoint } from '../endpoint';
import { formatIpAddress, parseIpAddress } from '../ip-address';
import { mayBeEndpoint } from '../peer-endpoint';
import { bytesField, endpointField, publicKeyField, relayIdField, timestampField } from './fields';

/**
 * The link between a relay and the control plane: a socket.io namespace that the relay dials. The control
 * plane decides which pairs exist; the relay decides on which port, and keeps every pair alive while the
 * control plane is away.
 */
export const RELAY_NAMESPACE = '/relays';
export const RELAY_LINK_VERSION = 2;
export const RELAY_CHALLENGE_PATH = '/v1/relays/challenge';
export const RELAY_CHALLENGE_LIFETIME_SECONDS = 60;

/** Both sides split longer lists over several messages, so that no message outgrows the socket's limit. */
export const PAIRS_PER_MESSAGE = 500;

/** More than any relay takes: 64 pairs on each port. A relay that claims more wants to attract pairs. */
export const MOST_PAIRS_OF_RELAY = 64 * 65_535;

/** One for the pairs, and another one for STUN. */
const MOST_RELAY_ADDRESSES = 2;
const MOST_STUN_ENDPOINTS = 8;

/** An hour. */
export const LONGEST_DRAIN_MS = 3_600_000;

/** More than a full list of relays has, with three addresses each. */
export const MOST_RELAY_PLACES = 1_000;
const RELAY_PLACE_PATTERN = /^[0-9a-f.:]{2,45} \d{1,5}-\d{1,5}$/;

export const pairIdField = z.string().min(1).max(64);
const portField = z.int().min(1).max(65_535);

/** One pair of players: both WireGuard public keys, in ascending order of the text. */
const playersField = z.tuple([publicKeyField, publicKeyField]);

export const relayChallengeRequestSchema = z.object({});

/** Good for one handshake. */
export const relayChallengeSchema = z.object({
  challengeId: z.string().min(1).max(64),
  nonce: bytesField(32),
  expiresAt: timestampField,
});

const ipAddressField = z.union([z.ipv4(), z.ipv6()]).transform((text, context) => {
  const bytes = parseIpAddress(text);
  if (bytes) return formatIpAddress(bytes);
  context.addIssue({ code: 'custom', message: 'not an IP address' });
  return z.NEVER;
});

/** What a relay says of itself; all of it goes into its proof, see relay-proof.ts. */
export const announcedRelaySchema = z
  .object({
    relayId: relayIdField,
    region: z.string().min(1).max(32),
    /** IP address to which players send; the pair's port completes it. */
    publicAddress: ipAddressField,
    /** On which it opens pairs. */
    ports: z
      .object({ first: portField, last: portField })
      .refine(({ first, last }) => first <= last, 'not a range of ports'),
    stunEndpoints: z.array(endpointField).max(MOST_STUN_ENDPOINTS),
    /** The most pairs it takes. */
    capacityPairs: z.int().min(0).max(MOST_PAIRS_OF_RELAY),
    /** It is about to stop, and said so before the link broke. */
    draining: z.boolean().default(false),
  })
  .refine(
    ({ publicAddress, stunEndpoints }) =>
      new Set([publicAddress, ...stunEndpoints.map((endpoint) => splitEndpoint(endpoint).address)]).size <=
      MOST_RELAY_ADDRESSES,
    `a relay has ${MOST_RELAY_ADDRESSES} addresses at most`,
  );
export type AnnouncedRelay = z.output<typeof announcedRelaySchema>;

/** What the relay sends as socket.io `auth`. */
export const relayHandshakeSchema = z.object({
  version: z.literal(RELAY_LINK_VERSION),
  challengeId: relayChallengeSchema.shape.challengeId,
  /** The relay's, besides the one of the challenge. */
  nonce: bytesField(32),
  /** `host[:port]` that the relay dialled, as in a URL. */
  serverName: z.string().min(1).max(261),
  relay: announcedRelaySchema,
  proof: bytesField(32),
});
export type RelayHandshake = z.output<typeof relayHandshakeSchema>;

/** The first event of the control plane, not acknowledged: it holds the same secret. Before it, the relay obeys nothing. */
export const CONTROL_PROOF_EVENT = 'control.proof';
export const controlProofSchema = z.object({ proof: bytesField(32) });

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
  /** Public addresses of players, from sessions that carried data both ways. Those that no player can have are left out. */
  'pairs.observed': z.object({
    observations: z
      .array(z.object({ pairId: pairIdField, publicKey: publicKeyField, endpoint: endpointField }))
      .max(PAIRS_PER_MESSAGE)
      .transform((all) => all.filter(({ endpoint }) => mayBeEndpoint(endpoint))),
  }),
  load: z.object({
    /** How many are open. */
    pairs: z.int().min(0).max(MOST_PAIRS_OF_RELAY),
    packetsPerSecond: z.number().min(0),
    bytesPerSecond: z.number().min(0),
    /** Health: by how much the event loop was late, 99th percentile since the last report. */
    eventLoopDelayMs: z.number().min(0).optional(),
  }),
  /** A STUN request that `address.prove` spoke of has arrived. */
  'address.seen': z.object({ transactionId: z.string().regex(/^[0-9a-f]{24}$/) }),
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
  /** Has the relay announce what is open, as after connecting. */
  'pairs.list': z.object({}),
  /**
   * The ports of all other relays, each as `192.0.2.1 51900-52155`: what comes from there is no player's. Replaces the
   * list of before.
   */
  'relays.known': z.object({
    addresses: z.array(z.string().regex(RELAY_PLACE_PATTERN)).max(MOST_RELAY_PLACES),
  }),
  /**
   * STUN requests come to each address that the relay announced. It reports the transaction ids of those that begin like
   * this, 4 bytes in hex, which shows that the addresses are its own.
   */
  'address.prove': z.object({ prefix: z.string().regex(/^[0-9a-f]{8}$/) }),
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
