import fc from 'fast-check';
import { decodeErrorCode, decodeUnknownAttributes } from '#shared/stun/attributes';
import { decodeBindingResponse, encodeBindingRequest } from '#shared/stun/binding';
import { attributeType, attributeValue, decodeMessage, encodeMessage } from '#shared/stun/message';
import { sampleIpv4Response, sampleLongTermRequest, sampleRequest } from '../../../../test/vectors/stun';
import { respond } from './responder';

const transactionId = Buffer.from('0102030405060708090a0b0c', 'hex');
const source = { address: '192.0.2.7', port: 40_000 };
const attribute = (type: number) => ({ type, value: Buffer.alloc(4) });
const request = (...types: number[]) => encodeBindingRequest(transactionId, types.map(attribute));

describe('the STUN responder', () => {
  it.each([
    [source, '192.0.2.7:40000'],
    [{ address: '2001:db8::7', port: 1 }, '[2001:db8::7]:1'],
  ])('tells %j its address', (client, mappedAddress) => {
    const answer = respond(request(), client) ?? Buffer.alloc(0);
    expect(decodeBindingResponse(answer, transactionId)).toEqual({ mappedAddress });
    const message = decodeMessage(answer);
    expect(message && attributeValue(message, attributeType.software)?.toString()).toBe('LANrage');
    expect(answer.subarray(-8, -4).toString('hex')).toBe('80280004');
  });

  it('answers a request without FINGERPRINT and with credentials that nobody asked for', () => {
    const answer = respond(sampleLongTermRequest.datagram, source) ?? Buffer.alloc(0);
    const mappedAddress = '192.0.2.7:40000';
    expect(decodeBindingResponse(answer, sampleLongTermRequest.transactionId)).toEqual({ mappedAddress });
  });

  it('ignores attributes that need not be understood', () => {
    expect(decodeMessage(respond(request(0x8029, 0xffff), source) ?? Buffer.alloc(0))?.class).toBe('success');
  });

  it.each([
    ['an ICE client', sampleRequest.datagram, [0x0024]],
    ['a client that wants another source address', request(attributeType.changeRequest), [0x0003]],
    ['a client with several wishes', request(0x7fff, 0x0026, 0x7fff), [0x7fff, 0x0026]],
  ])('refuses %s, naming what it does not know', (_name, datagram, unknown) => {
    const message = decodeMessage(respond(datagram, source) ?? Buffer.alloc(0));
    const value = (type: number) => (message && attributeValue(message, type)) ?? Buffer.alloc(0);
    expect(message?.class).toBe('error');
    expect(decodeErrorCode(value(attributeType.errorCode))).toEqual({
      code: 420,
      reason: 'Unknown Attribute',
    });
    expect(decodeUnknownAttributes(value(attributeType.unknownAttributes))).toEqual(unknown);
  });

  const other = (fields: object) =>
    encodeMessage({ class: 'request', method: 1, transactionId, attributes: [], ...fields });
  it.each([
    ['an indication', other({ class: 'indication' })],
    ['a response', sampleIpv4Response.datagram],
    ['another method', other({ method: 3 })],
    ['a bad FINGERPRINT', Buffer.concat([request().subarray(0, -4), Buffer.alloc(4)])],
    ['a request of RFC 3489', Buffer.concat([Buffer.from('00010000', 'hex'), Buffer.alloc(16, 7)])],
    ['a WireGuard keepalive', Buffer.concat([Buffer.from('04000000', 'hex'), Buffer.alloc(28, 7)])],
    ['nothing', Buffer.alloc(0)],
  ])('is silent on %s', (_name, datagram) => {
    expect(respond(datagram, source)).toBeUndefined();
  });

  it('answers nothing with more than three and a half times its size', () => {
    const types = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 100 });
    fc.assert(
      fc.property(types, (all) => {
        const attributes = all.map((type) => ({ type, value: Buffer.alloc(0) }));
        const encoded = encodeBindingRequest(transactionId, attributes);
        // As small as the same request can be: without the FINGERPRINT that our encoder adds.
        const bare = Buffer.from(encoded.subarray(0, -8));
        bare.writeUInt16BE(bare.length - 20, 2);
        const answer = respond(bare, { address: '2001:db8::7', port: 1 });
        expect(answer?.length ?? 0).toBeLessThanOrEqual(bare.length * 3.5);
      }),
    );
  });
});
