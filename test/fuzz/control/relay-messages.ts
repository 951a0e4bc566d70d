/** What a relay may say to be let in, and over its link then: made from the schemas, and sent. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { io } from 'socket.io-client';
import { endpointField, relayIdField } from '#shared/api/fields';
import {
  announcedRelaySchema,
  RELAY_LINK_VERSION,
  RELAY_NAMESPACE,
  relayHandshakeSchema,
  relayReportSchemas,
} from '#shared/api/relay-link';
import { errorBodySchema } from '#shared/api/rest';
import { relayProofs, type RelayTranscript } from '#shared/auth/relay-proof';
import { requestChallenge } from '../../e2e/support/relay-sign-in';
import { RELAY_SECRET } from '../../e2e/support/settings';
import { inTime } from './in-time';
import { oddKey, oddValue, unspelled } from './odd-values';
import { knownValues } from './requests';
import { valuesOf, type KnownValues } from './schema-values';
import { RELAYS, type World } from './world';

export interface RelayReport {
  readonly do: 'relay report';
  readonly relay: number;
  readonly event: string;
  readonly payload: unknown;
}

export interface RelayHandshake {
  readonly do: 'relay handshake';
  readonly announced: unknown;
  /** In place of what is right. */
  readonly spoiled: object;
}

/** Not those that are connected all the time. */
const guests = ['guest-0', 'guest-1', 'guest-2'];
/** The control plane asks there, so they are on this machine. */
const stunEndpoints = ['127.0.0.1:3478', '127.0.0.1:3479', '127.0.0.2:3478'];

export const relayMessages: fc.Arbitrary<RelayReport | RelayHandshake> = fc.oneof(
  ...Object.entries(relayReportSchemas).map(([event, schema]) => ({
    weight: 8,
    arbitrary: reportsOf(fc.constant(event), valuesOf(schema, knownValues)),
  })),
  { weight: 1, arbitrary: reportsOf(oddKey, oddValue) },
  { weight: 16, arbitrary: handshakes() },
);

function reportsOf(event: fc.Arbitrary<string>, payload: fc.Arbitrary<unknown>): fc.Arbitrary<RelayReport> {
  return fc.record({ do: fc.constant('relay report' as const), relay: fc.nat(RELAYS - 1), event, payload });
}

function handshakes(): fc.Arbitrary<RelayHandshake> {
  const known: KnownValues = new Map([
    ...knownValues,
    [relayIdField, fc.constantFrom(...guests)],
    [endpointField, fc.constantFrom(...stunEndpoints)],
  ]);
  const { shape } = relayHandshakeSchema;
  const spoiled = Object.entries(shape).map(([name, schema]) =>
    valuesOf(schema, known).map((value) => ({ [name]: value })),
  );
  return fc.record({
    do: fc.constant('relay handshake' as const),
    announced: valuesOf(announcedRelaySchema, known),
    spoiled: fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.oneof(...spoiled) },
    ),
  });
}

/** @returns the code of the answer @throws Error that says which promise the server broke */
export async function sendRelayReport(world: World, { relay, event, payload }: RelayReport): Promise<string> {
  const { socket } = await world.relay(relay);
  const ended = new Promise<'closed'>((resolve) => socket.once('disconnect', () => resolve('closed')));
  const answered: Promise<unknown> = socket.emitWithAck(event, world.resolve(payload, unspelled));
  const answer = await inTime(event, Promise.race([answered, ended]));
  if (answer === 'closed') return 'link closed';
  const refusal = errorBodySchema.safeParse(answer);
  return refusal.success ? codeOf(event, refusal.data.error.code) : 'report taken';
}

/**
 * Sends the handshake of a relay that comes with the right secret.
 * @returns the code of the answer
 * @throws Error that says which promise the server broke
 */
export async function sendRelayHandshake(
  world: World,
  { announced, spoiled }: RelayHandshake,
): Promise<string> {
  const { challengeId, nonce: controlNonce } = await requestChallenge(world.url);
  const relay = world.resolve(announced, unspelled);
  const relayNonce = randomBytes(32);
  const serverName = new URL(world.url).host;
  const transcript = { challengeId, controlNonce, relayNonce, serverName, relay } as RelayTranscript;
  const nonce = relayNonce.toString('base64');
  const right = {
    version: RELAY_LINK_VERSION,
    challengeId,
    nonce,
    serverName,
    relay,
    proof: proofOf(transcript),
  };
  const auth = { ...right, ...(world.resolve(spoiled, unspelled) as object) };
  const target = new URL(RELAY_NAMESPACE, world.url).href;
  const socket = io(target, { auth, transports: ['websocket'], forceNew: true, reconnection: false });
  try {
    const answer = new Promise<string>((resolve) => {
      socket.on('connect', () => resolve('relay let in')).on('disconnect', () => resolve('link closed'));
      socket.on('connect_error', (error: Error & { data?: unknown }) => {
        const refusal = errorBodySchema.safeParse(error.data);
        resolve(refusal.success ? refusal.data.error.code : 'link closed');
      });
    });
    return codeOf('a handshake', await inTime('a handshake', answer));
  } finally {
    socket.disconnect();
  }
}

/** What is not of the right kind has no proof. */
function proofOf(transcript: RelayTranscript): string {
  try {
    return relayProofs(RELAY_SECRET, transcript).relay.toString('base64');
  } catch {
    return Buffer.alloc(32).toString('base64');
  }
}

function codeOf(what: string, code: string): string {
  if (code === 'INTERNAL') throw new Error(`${what} was answered with INTERNAL`);
  return code;
}
