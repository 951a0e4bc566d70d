/**
 * A STUN binding service without authentication (RFC 8489 sections 6.3.1 and 14) with NAT behaviour discovery
 * (RFC 5780): it tells a client the address that its request came from, if the client wishes from another address or
 * port of the service (CHANGE-REQUEST), to another port of the client (RESPONSE-PORT), or in a big datagram (PADDING).
 * Whatever is not a sound binding request gets silence.
 *
 * What somebody gains who forges a source address: an answer exceeds its request by 56 bytes at most (104 over IPv6),
 * because the attributes that RFC 5780 demands have a fixed size and padding is answered with as much, not with the
 * MTU that section 6.1 suggests. RESPONSE-PORT leads to the address that the request came from and to no privileged
 * port, so it reaches nothing that forging the source port does not. The server limits the rate.
 */
import type { SocketAddress } from '#shared/endpoint';
import {
  decodeChangeRequest,
  decodeResponsePort,
  encodeAddress,
  encodeErrorCode,
  encodeUnknownAttributes,
  encodeXorAddress,
  type ChangeRequest,
  type StunError,
} from '#shared/stun/attributes';
import {
  attributeType,
  attributeValue,
  bindingMethod,
  decodeMessage,
  encodeMessage,
  isComprehensionRequired,
  type StunAttribute,
  type StunMessage,
} from '#shared/stun/message';

/** Where the service can be asked, as clients see it: every address with both ports. */
export interface StunService {
  /** One or two IP addresses of one family. */
  readonly addresses: readonly string[];
  readonly ports: readonly [number, number];
}

export interface StunAnswer {
  readonly datagram: Buffer;
  /** The endpoint of the service that has to send it. */
  readonly from: SocketAddress;
  readonly to: SocketAddress;
}

/**
 * Attributes that are no reason to refuse: those of credentials, for which nobody is asked (RFC 8489 section 9), and those of
 * RFC 5780 section 7.
 */
const understood: ReadonlySet<number> = new Set([
  attributeType.username,
  attributeType.messageIntegrity,
  attributeType.messageIntegritySha256,
  attributeType.realm,
  attributeType.nonce,
  attributeType.passwordAlgorithm,
  attributeType.userhash,
  attributeType.changeRequest,
  attributeType.responsePort,
  attributeType.padding,
]);

const unknownAttribute: StunError = { code: 420, reason: 'Unknown Attribute' };
const badRequest: StunError = { code: 400, reason: 'Bad Request' };
/** An Ethernet frame's worth; longer padding is answered with this. */
const maxPaddingBytes = 1500;
const firstUnprivilegedPort = 1024;
const unchanged: ChangeRequest = { address: false, port: false };

/**
 * The answer to a datagram; undefined when it deserves none.
 * @param asked the endpoint of the service that received it
 */
export function respond(
  datagram: Buffer,
  source: SocketAddress,
  asked: SocketAddress,
  service: StunService,
): StunAnswer | undefined {
  const request = decodeMessage(datagram);
  if (request?.class !== 'request' || request.method !== bindingMethod) return undefined;
  // RFC 768: a sender without a port expects no answer.
  if (source.port === 0) return undefined;
  const refuse = (error: StunError, unknown: readonly number[] = []) => ({
    datagram: encodeRefusal(request, error, unknown),
    from: asked,
    to: source,
  });
  const unknown = unknownAttributes(request);
  if (unknown.length > 0) return refuse(unknownAttribute, unknown);
  const change = changeRequested(request);
  const to = destination(request, source);
  if (!change || !to) return refuse(badRequest);
  const from = changed(asked, change, service);
  if (!from) return refuse(unknownAttribute, [attributeType.changeRequest]);
  return { datagram: encodeSuccess(request, { source, asked, from, service }), from, to };
}

function unknownAttributes({ attributes }: StunMessage): number[] {
  const types = attributes.map(({ type }) => type);
  return [...new Set(types.filter((type) => isComprehensionRequired(type) && !understood.has(type)))];
}

/** undefined when the attribute is malformed */
function changeRequested(request: StunMessage): ChangeRequest | undefined {
  const value = attributeValue(request, attributeType.changeRequest);
  return value ? decodeChangeRequest(value) : unchanged;
}

/** undefined when the client may not have the answer there; RFC 5780 section 6.1 forbids padding elsewhere */
function destination(request: StunMessage, source: SocketAddress): SocketAddress | undefined {
  const value = attributeValue(request, attributeType.responsePort);
  if (!value) return source;
  const port = decodeResponsePort(value);
  const isPadded = attributeValue(request, attributeType.padding) !== undefined;
  if (port === undefined || port < firstUnprivilegedPort || isPadded) return undefined;
  return { address: source.address, port };
}

/** RFC 5780 table 1; undefined when the service has no other address. */
function changed(
  asked: SocketAddress,
  change: ChangeRequest,
  { addresses, ports }: StunService,
): SocketAddress | undefined {
  const address = change.address ? addresses.find((other) => other !== asked.address) : asked.address;
  const port = change.port ? ports[asked.port === ports[0] ? 1 : 0] : asked.port;
  return address === undefined ? undefined : { address, port };
}

interface Exchange {
  readonly source: SocketAddress;
  readonly asked: SocketAddress;
  readonly from: SocketAddress;
  readonly service: StunService;
}

function encodeSuccess(request: StunMessage, { source, asked, from, service }: Exchange): Buffer {
  const { method, transactionId } = request;
  const reflexive = { ...source, address: withoutZone(source.address) };
  const other = changed(asked, { address: true, port: true }, service);
  const padding = attributeValue(request, attributeType.padding);
  const attributes: StunAttribute[] = [
    { type: attributeType.xorMappedAddress, value: encodeXorAddress(reflexive, transactionId) },
    { type: attributeType.mappedAddress, value: encodeAddress(reflexive) },
    { type: attributeType.responseOrigin, value: encodeAddress(from) },
    ...(other ? [{ type: attributeType.otherAddress, value: encodeAddress(other) }] : []),
    ...(padding ? [{ type: attributeType.padding, value: echoed(padding) }] : []),
  ];
  return encodeMessage({ class: 'success', method, transactionId, attributes });
}

/** The name of our own network device, which comes with link-local addresses of IPv6, tells nobody else anything. */
function withoutZone(address: string): string {
  return address.replace(/%.*/, '');
}

/** Padding has a length and no content. */
function echoed(padding: Buffer): Buffer {
  return Buffer.alloc(Math.min(padding.length, maxPaddingBytes));
}

function encodeRefusal(
  { method, transactionId }: StunMessage,
  error: StunError,
  unknown: readonly number[],
): Buffer {
  const attributes: StunAttribute[] = [{ type: attributeType.errorCode, value: encodeErrorCode(error) }];
  if (unknown.length > 0) {
    attributes.push({ type: attributeType.unknownAttributes, value: encodeUnknownAttributes(unknown) });
  }
  return encodeMessage({ class: 'error', method, transactionId, attributes });
}
