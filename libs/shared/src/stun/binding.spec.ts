import { sampleIpv4Response, sampleIpv6Response, sampleRequest } from '../../../../test/vectors/stun';
import { encodeAddress, encodeErrorCode } from './attributes';
import { decodeBindingResponse, encodeBindingRequest } from './binding';
import { attributeType, decodeMessage, encodeMessage } from './message';
import type { StunAttribute, StunClass } from './message';

const { transactionId } = sampleRequest;
const answer = (messageClass: StunClass, attributes: StunAttribute[], method = 1) =>
  encodeMessage({ class: messageClass, method, transactionId, attributes });
const mapped = {
  type: attributeType.mappedAddress,
  value: encodeAddress({ address: '192.0.2.1', port: 32_853 }),
};

describe('a binding transaction', () => {
  it('asks without attributes', () => {
    const request = decodeMessage(encodeBindingRequest(transactionId));
    expect(request).toEqual({ class: 'request', method: 1, transactionId, attributes: [] });
  });

  it.each([sampleIpv4Response, sampleIpv6Response])('reads $mappedAddress', ({ datagram, mappedAddress }) => {
    expect(decodeBindingResponse(datagram, transactionId)).toEqual({ mappedAddress });
  });

  it('reads an old MAPPED-ADDRESS and the addresses of RFC 5780', () => {
    const other = (type: number, port: number) => ({
      type,
      value: encodeAddress({ address: '192.0.2.9', port }),
    });
    const attributes = [
      mapped,
      other(attributeType.responseOrigin, 3478),
      other(attributeType.otherAddress, 3479),
    ];
    expect(decodeBindingResponse(answer('success', attributes), transactionId)).toEqual({
      mappedAddress: '192.0.2.1:32853',
      responseOrigin: '192.0.2.9:3478',
      otherAddress: '192.0.2.9:3479',
    });
  });

  it('reads a refusal', () => {
    const error = { code: 420, reason: 'Unknown Attribute' };
    const attributes = [{ type: attributeType.errorCode, value: encodeErrorCode(error) }];
    expect(decodeBindingResponse(answer('error', attributes), transactionId)).toEqual({ error });
  });

  it.each([
    ['a request', answer('request', [mapped])],
    ['an indication', answer('indication', [mapped])],
    ['another method', answer('success', [mapped], 3)],
    ['success without an address', answer('success', [])],
    ['an error without a code', answer('error', [])],
    ['no STUN', Buffer.from('hello')],
  ])('%s is no answer', (_name, datagram) => {
    expect(decodeBindingResponse(datagram, transactionId)).toBeUndefined();
  });

  it('takes no answer to another transaction', () => {
    expect(decodeBindingResponse(sampleIpv4Response.datagram, Buffer.alloc(12))).toBeUndefined();
  });
});
