import fc from 'fast-check';
import {
  decodeErrorCode,
  decodeUnknownAttributes,
  encodeChangeRequest,
  encodeResponsePort,
} from '#shared/stun/attributes';
import { decodeBindingResponse, encodeBindingRequest } from '#shared/stun/binding';
import {
  attributeType,
  attributeValue,
  decodeMessage,
  encodeMessage,
  type StunAttribute,
} from '#shared/stun/message';
import { sampleIpv4Response, sampleLongTermRequest, sampleRequest } from '../../../../test/vectors/stun';
import { respond, type StunService } from './responder';

const transactionId = Buffer.from('0102030405060708090a0b0c', 'hex');
const source = { address: '192.0.2.7', port: 40_000 };
const ports = [3478, 3479] as const;
const service: StunService = { addresses: ['203.0.113.1', '203.0.113.2'], ports };
const asked = { address: '203.0.113.1', port: 3478 };
const mappedAddress = '192.0.2.7:40000';

const attribute = (type: number, value: Buffer = Buffer.alloc(4)) => ({ type, value });
const request = (...attributes: StunAttribute[]) => encodeBindingRequest(transactionId, attributes);
const change = (address: boolean, port: boolean) =>
  attribute(attributeType.changeRequest, encodeChangeRequest({ address, port }));
const answerPort = (port: number) => attribute(attributeType.responsePort, encodeResponsePort(port));
const padding = (bytes: number) => attribute(attributeType.padding, Buffer.alloc(bytes, 1));
const valueOf = (datagram: Buffer | undefined, type: number) => {
  const message = datagram && decodeMessage(datagram);
  return message && attributeValue(message, type);
};

describe('the STUN responder', () => {
  it.each([
    [source, mappedAddress],
    [{ address: '2001:db8::7', port: 1 }, '[2001:db8::7]:1'],
    [{ address: 'fe80::7%eth0', port: 1 }, '[fe80::7]:1'],
  ])('tells %j its address', (client, seen) => {
    const answer = respond(request(), client, asked, service);
    expect(answer).toMatchObject({ from: asked, to: client });
    expect(decodeBindingResponse(answer?.datagram ?? Buffer.alloc(0), transactionId)).toEqual({
      mappedAddress: seen,
      responseOrigin: '203.0.113.1:3478',
      otherAddress: '203.0.113.2:3479',
    });
    expect(valueOf(answer?.datagram, attributeType.mappedAddress)).toHaveLength(
      seen === mappedAddress ? 8 : 20,
    );
    expect(answer?.datagram.subarray(-8, -4).toString('hex')).toBe('80280004');
  });

  it('answers a request without FINGERPRINT and with credentials that nobody asked for', () => {
    const answer = respond(sampleLongTermRequest.datagram, source, asked, service);
    expect(
      decodeBindingResponse(answer?.datagram ?? Buffer.alloc(0), sampleLongTermRequest.transactionId),
    ).toMatchObject({ mappedAddress });
  });

  it('ignores attributes that need not be understood', () => {
    const answer = respond(request(attribute(0x8029), attribute(0xffff)), source, asked, service);
    expect(answer && decodeMessage(answer.datagram)?.class).toBe('success');
  });

  // RFC 5780 section 6.1, table 1, and section 7.4: OTHER-ADDRESS differs in both from the endpoint that was asked.
  it.each([
    ['203.0.113.1', 3478, false, false, '203.0.113.1:3478', '203.0.113.2:3479'],
    ['203.0.113.1', 3478, false, true, '203.0.113.1:3479', '203.0.113.2:3479'],
    ['203.0.113.1', 3478, true, false, '203.0.113.2:3478', '203.0.113.2:3479'],
    ['203.0.113.1', 3478, true, true, '203.0.113.2:3479', '203.0.113.2:3479'],
    ['203.0.113.1', 3479, false, true, '203.0.113.1:3478', '203.0.113.2:3478'],
    ['203.0.113.2', 3478, true, false, '203.0.113.1:3478', '203.0.113.1:3479'],
    ['203.0.113.2', 3479, true, true, '203.0.113.1:3478', '203.0.113.1:3478'],
  ])(
    '%s:%i, asked to change address %s, port %s: answers from %s',
    (address, port, ip, other, from, alternate) => {
      const answer = respond(request(change(ip, other)), source, { address, port }, service);
      expect(answer && `${answer.from.address}:${answer.from.port}`).toBe(from);
      expect(answer?.to).toEqual(source);
      expect(decodeBindingResponse(answer?.datagram ?? Buffer.alloc(0), transactionId)).toEqual({
        mappedAddress,
        responseOrigin: from,
        otherAddress: alternate,
      });
    },
  );

  describe('with one address', () => {
    const alone: StunService = { addresses: ['203.0.113.1'], ports };
    it('names no other one (RFC 5780 section 7.4), and changes the port alone', () => {
      const answer = respond(request(change(false, true)), source, asked, alone);
      expect(answer?.from).toEqual({ address: '203.0.113.1', port: 3479 });
      expect(decodeBindingResponse(answer?.datagram ?? Buffer.alloc(0), transactionId)).toEqual({
        mappedAddress,
        responseOrigin: '203.0.113.1:3479',
      });
    });

    it.each([true, false])('refuses to change it, also with the port: %s', (port) => {
      const answer = respond(request(change(true, port)), source, asked, alone);
      expect(answer).toMatchObject({ from: asked, to: source });
      expect(errorOf(answer?.datagram)).toEqual({ code: 420, unknown: [attributeType.changeRequest] });
    });
  });

  it('answers to another port of the same client', () => {
    const answer = respond(request(answerPort(40_001), change(true, true)), source, asked, service);
    expect(answer).toMatchObject({
      from: { address: '203.0.113.2', port: 3479 },
      to: { address: source.address, port: 40_001 },
    });
  });

  it.each([
    [4, 4],
    [1000, 1000],
    [9000, 1500],
  ])('answers %i bytes of padding with %i', (given, returned) => {
    const answer = respond(request(padding(given)), source, asked, service);
    expect(valueOf(answer?.datagram, attributeType.padding)).toEqual(Buffer.alloc(returned));
  });

  it.each([
    ['an ICE client', sampleRequest.datagram, 420, [0x0024]],
    [
      'a client with several wishes',
      request(attribute(0x7fff), attribute(0x0030), attribute(0x7fff)),
      420,
      [0x7fff, 0x0030],
    ],
    [
      'half a CHANGE-REQUEST',
      request(attribute(attributeType.changeRequest, Buffer.alloc(2))),
      400,
      undefined,
    ],
    ['an answer to a privileged port', request(answerPort(53)), 400, undefined],
    ['an answer to no port', request(answerPort(0)), 400, undefined],
    ['half a RESPONSE-PORT', request(attribute(attributeType.responsePort, Buffer.alloc(1))), 400, undefined],
    ['padding to another port', request(padding(1000), answerPort(40_001)), 400, undefined],
  ])('refuses %s', (_name, datagram, code, unknown) => {
    const answer = respond(datagram, source, asked, service);
    expect(answer).toMatchObject({ from: asked, to: source });
    expect(errorOf(answer?.datagram)).toEqual({ code, unknown });
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
    expect(respond(datagram, source, asked, service)).toBeUndefined();
  });

  it('is silent on port 0, to which nothing can be sent', () => {
    expect(respond(request(), { ...source, port: 0 }, asked, service)).toBeUndefined();
  });

  const anyAttribute = fc.record({
    type: fc.oneof(
      fc.constantFrom(attributeType.changeRequest, attributeType.responsePort, attributeType.padding),
      fc.integer({ min: 0, max: 0xffff }),
    ),
    value: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  });
  it.each([
    [source, asked, service, 56],
    [
      { address: '2001:db8::7', port: 1 },
      { address: '2001:db8::1', port: 3478 },
      { addresses: ['2001:db8::1', '2001:db8::2'], ports },
      104,
    ],
  ])('to %j, exceeds no request by more than the fixed attributes', (client, endpoint, served, surplus) => {
    fc.assert(
      fc.property(fc.array(anyAttribute, { maxLength: 40 }), (attributes) => {
        const encoded = encodeBindingRequest(transactionId, attributes);
        // As small as the same request can be: without the FINGERPRINT that our encoder adds.
        const bare = Buffer.from(encoded.subarray(0, -8));
        bare.writeUInt16BE(bare.length - 20, 2);
        const answer = respond(bare, client, endpoint, served);
        expect(answer?.datagram.length ?? 0).toBeLessThanOrEqual(bare.length + surplus);
        expect(answer?.to.address ?? client.address).toBe(client.address);
      }),
    );
  });
});

function errorOf(datagram: Buffer | undefined): object {
  const unknown = valueOf(datagram, attributeType.unknownAttributes);
  const { code } = decodeErrorCode(valueOf(datagram, attributeType.errorCode) ?? Buffer.alloc(0)) ?? {};
  return { code, unknown: unknown && decodeUnknownAttributes(unknown) };
}
