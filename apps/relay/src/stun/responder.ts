/**
 * A STUN binding service without authentication (RFC 8489 sections 6.3.1 and 14): it tells a client the address
 * that its request came from. Whatever is not a sound binding request gets silence.
 *
 * An answer has 52 bytes (64 over IPv6), a refusal a few more; the shortest request has 20. So whoever forges a
 * source address gains a factor of less than three and a half, and the server limits the rate.
 */
import type { SocketAddress } from '#shared/endpoint';
import { encodeErrorCode, encodeUnknownAttributes, encodeXorAddress } from '#shared/stun/attributes';
import {
  attributeType,
  bindingMethod,
  decodeMessage,
  encodeMessage,
  isComprehensionRequired,
  type StunAttribute,
  type StunMessage,
} from '#shared/stun/message';

/** Understood, and of no effect where nobody is asked for credentials (RFC 8489 section 9). */
const understood: ReadonlySet<number> = new Set([
  attributeType.username,
  attributeType.messageIntegrity,
  attributeType.messageIntegritySha256,
  attributeType.realm,
  attributeType.nonce,
  attributeType.passwordAlgorithm,
  attributeType.userhash,
]);

const software: StunAttribute = { type: attributeType.software, value: Buffer.from('LANrage') };

/** The answer to a datagram; undefined when it deserves none. */
export function respond(datagram: Buffer, source: SocketAddress): Buffer | undefined {
  const request = decodeMessage(datagram);
  if (request?.class !== 'request' || request.method !== bindingMethod) return undefined;
  const unknown = unknownAttributes(request);
  return unknown.length > 0 ? refusal(request, unknown) : answer(request, source);
}

function unknownAttributes({ attributes }: StunMessage): number[] {
  const types = attributes.map(({ type }) => type);
  return [...new Set(types.filter((type) => isComprehensionRequired(type) && !understood.has(type)))];
}

function answer({ method, transactionId }: StunMessage, source: SocketAddress): Buffer {
  const value = encodeXorAddress(source, transactionId);
  const attributes = [{ type: attributeType.xorMappedAddress, value }, software];
  return encodeMessage({ class: 'success', method, transactionId, attributes });
}

function refusal({ method, transactionId }: StunMessage, unknown: readonly number[]): Buffer {
  const error = encodeErrorCode({ code: 420, reason: 'Unknown Attribute' });
  const attributes = [
    { type: attributeType.errorCode, value: error },
    { type: attributeType.unknownAttributes, value: encodeUnknownAttributes(unknown) },
    software,
  ];
  return encodeMessage({ class: 'error', method, transactionId, attributes });
}
