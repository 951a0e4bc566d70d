/** Requests as players, operators and strangers may send them: made from the routes' schemas, and sent. */
import fc from 'fast-check';
import {
  discordUrlField,
  endpointField,
  nameField,
  partyIdField,
  passwordField,
  peerIdField,
  publicKeyField,
  relayIdField,
} from '#shared/api/fields';
import { inviteIdField, makeInviteRequestSchema } from '#shared/api/invites';
import { pairIdField } from '#shared/api/relay-link';
import { errorBodySchema, joinPartyRequestSchema, tokenRequestSchema } from '#shared/api/rest';
import { hashInviteSecret } from '#shared/party/invite';
import { ADMIN_TOKEN } from '../../e2e/support/admin-command';
import { oddKey, oddText, spell } from './odd-values';
import { pathParameters, routes, type Route } from './routes';
import { valuesOf, type KnownValues } from './schema-values';
import { inviteSecrets, KNOWN, meaning, relayIds, type Kind, type World } from './world';

export interface RestRequest {
  readonly do: 'request';
  readonly method: Route['method'];
  /** Segments and query, not encoded. */
  readonly path: readonly string[];
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly type: string;
  readonly body: string | undefined;
  /** A player by number, or a token. */
  readonly caller: number | string;
}

const known = (kind: Kind) =>
  fc.oneof(
    { weight: 9, arbitrary: fc.nat(KNOWN - 1).map((index) => meaning(kind, index)) },
    { weight: 1, arbitrary: fc.stringMatching(/^[0-9a-f]{8,16}$/) },
  );
const endpoint = fc
  .tuple(
    fc.oneof(
      fc.ipV4(),
      fc.ipV6().map((address) => `[${address}]`),
    ),
    fc.integer({ min: 1, max: 65_535 }),
  )
  .map(([address, port]) => `${address}:${port}`);

/** What no pattern describes, or what is only of use when it means something that exists. */
export const knownValues: KnownValues = new Map<Parameters<KnownValues['get']>[0], fc.Arbitrary<unknown>>([
  [partyIdField, known('party')],
  [peerIdField, known('peer')],
  [publicKeyField, known('key')],
  [inviteIdField, known('invite')],
  [pairIdField, known('pair')],
  [relayIdField, fc.constantFrom(...relayIds, 'nowhere')],
  [tokenRequestSchema.shape.challengeId, known('challenge')],
  [endpointField, endpoint],
  [nameField, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 })],
  [passwordField, fc.constantFrom('pass', 'naïve password', 'p'.repeat(128))],
  [
    discordUrlField,
    fc.stringMatching(/^\/[A-Za-z0-9%/._-]{0,40}$/).map((path) => `https://discord.gg${path}`),
  ],
  [
    joinPartyRequestSchema.shape.invite,
    fc.option(fc.constantFrom(...inviteSecrets.map(base64)), { nil: undefined }),
  ],
  [
    makeInviteRequestSchema.shape.secretHash,
    fc.constantFrom(...inviteSecrets.map((secret) => base64(hashInviteSecret(secret)))),
  ],
]);

const rawBody = fc.oneof(
  fc.constantFrom(
    '',
    '{',
    '[',
    'null',
    '0',
    '"',
    '{"a":1,"a":2}',
    '\0',
    '\ufeff{}',
    '[1e999]',
    '{"__proto__":{"name":"x"}}',
  ),
  fc.constantFrom(100, 10_000).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
  fc.constant(null).map(() => JSON.stringify({ name: 'a'.repeat(200_000) })),
  fc.string({ maxLength: 200 }),
);
const oddTypes = [
  'text/plain',
  'application/json; charset=utf-16',
  'application/json; charset=nonsense',
  'application/x-www-form-urlencoded',
];

/** Mostly what the routes expect. */
export const requests: fc.Arbitrary<RestRequest> = fc.oneof(
  ...routes.map((route) => ({ weight: route.ends ? 1 : 6, arbitrary: requestsTo(route) })),
);

function requestsTo({ method, path, body, query }: Route): fc.Arbitrary<RestRequest> {
  return fc.record({
    do: fc.constant('request' as const),
    method: fc.constant(method),
    path: fc.tuple(...path.slice(1).split('/').map(segments)),
    query: query
      ? queries(Object.entries(query.shape))
      : rarely<RestRequest['query']>([], fc.constant([['a', 'b']])),
    type: rarely('application/json', fc.constantFrom(...oddTypes)),
    body: body
      ? fc.oneof(
          { weight: 24, arbitrary: valuesOf(body, knownValues).map(spell) },
          { weight: 1, arbitrary: rawBody },
        )
      : fc.constant(undefined),
    caller: path.startsWith('/v1/admin')
      ? rarely<number | string>(ADMIN_TOKEN, oddText)
      : fc.oneof({ weight: 24, arbitrary: fc.nat(KNOWN - 1) }, { weight: 1, arbitrary: oddText }),
  });
}

function segments(segment: string): fc.Arbitrary<string> {
  const schema = pathParameters[/^\{(\w+)\}$/.exec(segment)?.[1] ?? ''];
  if (!schema) return fc.constant(segment);
  return valuesOf(schema, knownValues).map((value) => (typeof value === 'string' ? value : spell(value)));
}

function queries(fields: [string, unknown][]): fc.Arbitrary<RestRequest['query']> {
  const names = fields.map(([name]) => name);
  const value = fc.oneof(
    oddText,
    fc.constantFrom('', 'a', 'LAN', '1-0123456789ab', '999999999999999-ffffffffffffffff'),
  );
  return fc.array(fc.tuple(rarely(fc.constantFrom(...names), oddKey), value), { maxLength: 3 });
}

function rarely<T>(usual: T | fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> {
  const arbitrary = usual instanceof fc.Arbitrary ? usual : fc.constant(usual);
  return fc.oneof({ weight: 24, arbitrary }, { weight: 1, arbitrary: odd });
}

/**
 * @returns the code of the answer, or its status when it has none
 * @throws Error that says which promise the server broke
 */
export async function sendRequest(world: World, request: RestRequest): Promise<string> {
  const { pathname, search } = new URL(urlOf(world, request));
  const response = await world.http.request({
    path: pathname + search,
    method: request.method,
    headers: headersOf(world, request),
    body: request.body === undefined ? null : bodyOf(world, request.body),
  });
  const { statusCode, headers } = response;
  const text = await response.body.text();
  if (statusCode < 400) {
    if (String(headers['content-type']).startsWith('application/json')) world.learnFrom(JSON.parse(text));
    return String(statusCode);
  }
  // Node.js itself refuses a head above 16 KiB, before any code of the server.
  if (statusCode === 431) return '431';
  const { code } = errorBodySchema.parse(JSON.parse(text)).error;
  if (statusCode < 500 || code === 'CONTROL_UNAVAILABLE') return code;
  throw new Error(`${request.method} /${request.path.join('/')} was answered with ${statusCode} ${code}`);
}

function urlOf(world: World, { path, query }: RestRequest): string {
  const segments = path.map((segment) => encode(world.meant(segment)));
  const search = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  return `${world.url}/${segments.join('/')}${search && `?${search}`}`;
}

/** A broken encoding is sent as it is; a lone surrogate, which UTF-8 cannot spell, as the bytes it would have. */
function encode(text: string): string {
  if (text.startsWith('%')) return text;
  return /\p{Cs}/u.test(text) ? '%ED%A0%80' : encodeURIComponent(text);
}

function bodyOf(world: World, body: string): string {
  return body.replaceAll(/"(‹\w+ \d+›)"/g, (_, name: string) => JSON.stringify(world.meant(name)));
}

function headersOf(world: World, { caller, type, body }: RestRequest): Record<string, string> {
  const token = typeof caller === 'string' ? caller : world.agents[caller]?.token;
  return {
    ...(body !== undefined && { 'Content-Type': type }),
    Authorization: `Bearer ${(token ?? '').replaceAll(/[^\x21-\x7e]/g, '?').slice(0, 4000)}`,
  };
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64');
}
