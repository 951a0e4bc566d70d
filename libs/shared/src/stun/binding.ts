/** The client's half of a STUN binding transaction (RFC 8489 section 2): "which address do you see?" */
import { type Endpoint, formatEndpoint } from '../endpoint';
import { decodeAddress, decodeErrorCode, decodeXorAddress, type StunError } from './attributes';
import { attributeType, attributeValue, bindingMethod, decodeMessage, encodeMessage } from './message';
import type { StunAttribute, StunMessage } from './message';

/** What a server answered: the reflexive address that it saw, or an error. */
export type BindingResponse =
  | {
      readonly mappedAddress: Endpoint;
      /** Where the server says it sent this from, and its other address (RFC 5780 sections 7.3, 7.4). */
      readonly responseOrigin?: Endpoint;
      readonly otherAddress?: Endpoint;
    }
  | { readonly error: StunError };

/** A binding request. `transactionId`: 12 unpredictable bytes, new for every transaction. */
export function encodeBindingRequest(
  transactionId: Buffer,
  attributes: readonly StunAttribute[] = [],
): Buffer {
  return encodeMessage({ class: 'request', method: bindingMethod, transactionId, attributes });
}

/** The answer to the request with this transaction id; undefined when the datagram is anything else. */
export function decodeBindingResponse(datagram: Buffer, transactionId: Buffer): BindingResponse | undefined {
  const message = decodeMessage(datagram);
  if (message?.method !== bindingMethod || !message.transactionId.equals(transactionId)) return undefined;
  if (message.class === 'error') return decodeErrorResponse(message);
  return message.class === 'success' ? decodeSuccessResponse(message) : undefined;
}

function decodeErrorResponse(message: StunMessage): BindingResponse | undefined {
  const value = attributeValue(message, attributeType.errorCode);
  const error = value && decodeErrorCode(value);
  return error && { error };
}

function decodeSuccessResponse(message: StunMessage): BindingResponse | undefined {
  const mappedAddress = xorMappedAddress(message) ?? plainAddress(message, attributeType.mappedAddress);
  if (!mappedAddress) return undefined;
  const responseOrigin = plainAddress(message, attributeType.responseOrigin);
  const otherAddress = plainAddress(message, attributeType.otherAddress);
  return { mappedAddress, ...(responseOrigin && { responseOrigin }), ...(otherAddress && { otherAddress }) };
}

function xorMappedAddress(message: StunMessage): Endpoint | undefined {
  const value = attributeValue(message, attributeType.xorMappedAddress);
  const address = value && decodeXorAddress(value, message.transactionId);
  return address && formatEndpoint(address);
}

function plainAddress(message: StunMessage, type: number): Endpoint | undefined {
  const value = attributeValue(message, type);
  const address = value && decodeAddress(value);
  return address && formatEndpoint(address);
}
