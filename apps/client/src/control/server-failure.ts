/**
 * Why there was no usable answer from a server, in words for players. Pure: what Node, OpenSSL or undici threw, or an answer
 * that is nobody's, goes in, a sentence of what is so and one of what to do come out.
 */
import type { Ipv4Way } from '../network/ipv4/translation';

type Explanation = (server: URL) => string;

/** By the codes of Node's system errors, of OpenSSL's verification (X509_V_ERR_…), and of undici. */
const explanations: ReadonlyMap<string, Explanation> = new Map([
  ...alike(['ENOTFOUND'], ({ hostname }) => `There is no ${hostname}. Check the spelling in LANRAGE_SERVER.`),
  ...alike(
    ['EAI_AGAIN', 'EAI_FAIL'],
    ({ hostname }) =>
      `The name ${hostname} cannot be looked up: no DNS server answers. Check that this machine is online.`,
  ),
  ...alike(
    ['ECONNREFUSED'],
    (server) =>
      `${server.hostname} is up, but nothing listens on its port ${portOf(server)}. Check the port in LANRAGE_SERVER, or ask the operator to start the server.`,
  ),
  ...alike(
    ['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'ENETDOWN', 'EHOSTDOWN'],
    ({ hostname }) => `No route leads from this machine to ${hostname}. Check that it is online.`,
  ),
  ...alike(
    [
      'ETIMEDOUT',
      'UND_ERR_CONNECT_TIMEOUT',
      'UND_ERR_HEADERS_TIMEOUT',
      'UND_ERR_BODY_TIMEOUT',
      'TimeoutError',
    ],
    (server) =>
      `${server.hostname} does not answer on port ${portOf(server)}. If your own connection works, its machine is off or a firewall drops what is sent there.`,
  ),
  ...alike(
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT'],
    unknownAuthority,
  ),
  ...alike(
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CERT_UNTRUSTED'],
    unknownAuthority,
  ),
  ...alike(
    ['CERT_HAS_EXPIRED'],
    ({ hostname }) =>
      `The certificate of ${hostname} has expired. Check the date of this machine; if it is right, the operator has to renew the certificate.`,
  ),
  ...alike(
    ['CERT_NOT_YET_VALID'],
    ({ hostname }) =>
      `The certificate of ${hostname} is not valid yet. Check the date of this machine; if it is right, the operator has to correct the certificate.`,
  ),
  ...alike(
    ['ERR_TLS_CERT_ALTNAME_INVALID'],
    ({ hostname }) =>
      `The certificate shown by ${hostname} is for another name. Use the name that the operator gave you in LANRAGE_SERVER.`,
  ),
  ...alike(
    ['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_HTTP_REQUEST'],
    (server) =>
      `${server.host} does not speak TLS. If it is a server without a certificate, write http:// in LANRAGE_SERVER.`,
  ),
  ...alike(
    ['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE', 'HPE_INVALID_CONSTANT', 'HPE_INVALID_VERSION'],
    (server) =>
      server.protocol === 'http:'
        ? `${server.host} ends connections without an answer. If it is a server with a certificate, write https:// in LANRAGE_SERVER.`
        : `${server.host} ends connections without an answer. A proxy or a firewall on the way may do that.`,
  ),
]);

const withoutRoute: readonly string[] = ['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL'];

/**
 * @param thrown by a connection or a request, as it came
 * @param ipv4 how IPv4 addresses are reached here
 */
export function explainFailure(
  thrown: unknown,
  server: URL,
  { kind }: Pick<Ipv4Way, 'kind'> = { kind: 'native' },
): string {
  const codes = codesOf(thrown);
  const lacksRoute = (code: string) => withoutRoute.includes(code);
  // One address without a route says nothing where another one has led somewhere.
  for (const code of [...codes.filter((code) => !lacksRoute(code)), ...codes.filter(lacksRoute)]) {
    if (kind === 'none' && lacksRoute(code)) return ipv4OutOfReach(server);
    const explanation = explanations.get(code);
    if (explanation) return explanation(server);
  }
  return `The LANrage server at ${server.href} does not answer. Check LANRAGE_SERVER and your connection, then try again.`;
}

/** An answer that no LANrage server gives. */
export interface StrangeAnswer {
  /** HTTP. */
  readonly status: number;
  readonly isHtml: boolean;
}

export function explainAnswer({ status, isHtml }: StrangeAnswer, server: URL): string {
  if (status === 511 || (isHtml && status >= 200 && status < 300))
    return `A web page answers instead of the server ${server.host}, as the sign-in page of a hotel or a café does. Open a browser, sign in to the network, and try again; otherwise check LANRAGE_SERVER.`;
  if (status >= 300 && status < 400)
    return `${server.host} redirects to another address. If that is not the sign-in page of your network, write the address that it leads to in LANRAGE_SERVER.`;
  if (status === 400 && server.protocol === 'http:')
    return `${server.host} does not understand what is sent there. If it is a server with a certificate, write https:// in LANRAGE_SERVER.`;
  if (status === 502 || status === 503 || status === 504)
    return `A proxy answers for ${server.host} that the server behind it is away (${status}). Ask the operator to start it.`;
  return `${server.href} is not answering as a LANrage server (${status}). Check LANRAGE_SERVER, then try again.`;
}

function unknownAuthority({ hostname }: URL): string {
  return `The certificate of ${hostname} is not from an authority that this machine trusts. If it is the operator's own, name its file in NODE_EXTRA_CA_CERTS; otherwise somebody on the way may be reading along.`;
}

function ipv4OutOfReach({ hostname }: URL): string {
  return `${hostname} has only an IPv4 address, and this network has none: it has only IPv6, and no translation to IPv4 (NAT64). Use another network, or ask the operator for a server with IPv6.`;
}

function alike(codes: readonly string[], explanation: Explanation): (readonly [string, Explanation])[] {
  return codes.map((code) => [code, explanation] as const);
}

interface Failure {
  readonly code?: unknown;
  readonly name?: unknown;
  readonly cause?: unknown;
  /** Present in an AggregateError: one for each address that was tried. */
  readonly errors?: readonly unknown[];
}

/** From the outside in. Of several addresses the last says most: the others often only lack a route. */
function codesOf(thrown: unknown): string[] {
  if (typeof thrown !== 'object' || thrown === null) return [];
  const { code, name, cause, errors = [] } = thrown as Failure;
  const own = [code, name].filter((text) => typeof text === 'string');
  return [...[...errors].reverse().flatMap(codesOf), ...own, ...codesOf(cause)];
}

function portOf({ protocol, port }: URL): string {
  return port || (protocol === 'https:' ? '443' : '80');
}
