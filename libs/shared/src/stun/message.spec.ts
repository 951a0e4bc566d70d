import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import {
  sampleIpv4Response,
  sampleIpv6Response,
  sampleLongTermRequest,
  sampleRequest,
} from '../../../../test/vectors/stun';
import {
  decodeAddress,
  decodeErrorCode,
  decodeUnknownAttributes,
  decodeXorAddress,
  encodeAddress,
  encodeErrorCode,
  encodeUnknownAttributes,
  encodeXorAddress,
} from './attributes';
import { attributeType, attributeValue, decodeMessage, encodeMessage } from './message';
import type { StunClass, StunMessage } from './message';

const decoded = (datagram: Buffer): StunMessage => {
  const message = decodeMessage(datagram);
  if (!message) throw new Error('not a STUN message');
  return message;
};
const text = (message: StunMessage, type: number) => attributeValue(message, type)?.toString();

/** RFC 8489 section 14.5: over the message up to MESSAGE-INTEGRITY, as if it ended with that attribute. */
function integrityOver(datagram: Buffer, key: Buffer): Buffer {
  const at = datagram.indexOf(Buffer.from('00080014', 'hex'));
  const covered = Buffer.from(datagram.subarray(0, at));
  covered.writeUInt16BE(at + 24 - 20, 2);
  return createHmac('sha1', key).update(covered).digest();
}

describe('the sample messages of RFC 5769', () => {
  it('2.1, a request of an ICE client', () => {
    const message = decoded(sampleRequest.datagram);
    expect(message).toMatchObject({
      class: 'request',
      method: 1,
      transactionId: sampleRequest.transactionId,
    });
    expect(message.attributes.map(({ type }) => type)).toEqual([0x8022, 0x0024, 0x8029, 0x0006, 0x0008]);
    expect(text(message, attributeType.software)).toBe('STUN test client');
    expect(text(message, attributeType.username)).toBe('evtj:h6vY');
  });

  it.each([
    ['2.2, IPv4', sampleIpv4Response, { address: '192.0.2.1', port: 32_853 }],
    ['2.3, IPv6', sampleIpv6Response, { address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32_853 }],
  ])('%s response', (_name, { datagram, transactionId }, address) => {
    const message = decoded(datagram);
    expect(message).toMatchObject({ class: 'success', method: 1 });
    expect(text(message, attributeType.software)).toBe('test vector');
    const value = attributeValue(message, attributeType.xorMappedAddress) ?? Buffer.alloc(0);
    expect(decodeXorAddress(value, transactionId)).toEqual(address);
    expect(encodeXorAddress(address, transactionId)).toEqual(value);
  });

  it('2.4, a request with long-term authentication and no FINGERPRINT', () => {
    const message = decoded(sampleLongTermRequest.datagram);
    expect(text(message, attributeType.username)).toBe('\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9');
    expect(text(message, attributeType.realm)).toBe('example.org');
    expect(text(message, attributeType.nonce)).toBe('f//499k954d6OL34oL9FSTvy64sA');
  });

  const longTermKey = createHash('md5').update(sampleLongTermRequest.credentials).digest();
  it.each([
    ['2.1', sampleRequest],
    ['2.2', sampleIpv4Response],
    ['2.3', sampleIpv6Response],
    ['2.4', { ...sampleLongTermRequest, integrityKey: longTermKey }],
  ])('%s has its MESSAGE-INTEGRITY where it is read', (_name, { datagram, integrityKey }) => {
    const value = attributeValue(decoded(datagram), attributeType.messageIntegrity);
    expect(value).toEqual(integrityOver(datagram, integrityKey));
  });

  it.each([sampleRequest, sampleIpv4Response, sampleIpv6Response])(
    'no bit of header, values and padding can change under the FINGERPRINT',
    ({ datagram }) => {
      const isTypeOrLength = new Set<number>();
      for (let at = 20; at < datagram.length; at += 4 + ((datagram.readUInt16BE(at + 2) + 3) & ~3)) {
        [at, at + 1, at + 2, at + 3].forEach((offset) => isTypeOrLength.add(offset));
      }
      for (let bit = 0; bit < datagram.length * 8; bit++) {
        if (isTypeOrLength.has(bit >> 3)) continue;
        const changed = Buffer.from(datagram);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(decodeMessage(changed)).toBeUndefined();
      }
    },
  );

  it('are written as they were read, but for the padding, which may be anything', () => {
    for (const { datagram } of [sampleRequest, sampleIpv4Response, sampleIpv6Response]) {
      const rewritten = encodeMessage(decoded(datagram));
      expect(rewritten).toHaveLength(datagram.length);
      expect(decoded(rewritten)).toEqual(decoded(datagram));
    }
  });
});

describe('STUN messages', () => {
  const attribute = fc.record({
    type: fc.integer({ min: 0, max: 0xffff }).filter((type) => type !== 0x0008 && type !== 0x8028),
    value: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  });
  const message: fc.Arbitrary<StunMessage> = fc.record({
    class: fc.constantFrom<StunClass>('request', 'indication', 'success', 'error'),
    method: fc.integer({ min: 0, max: 0xfff }),
    transactionId: fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
    attributes: fc.array(attribute, { maxLength: 6 }),
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(message, (original) => expect(decodeMessage(encodeMessage(original))).toEqual(original)),
    );
  });

  it('are nothing else when cut or lengthened', () => {
    const datagram = encodeMessage(decoded(sampleRequest.datagram));
    for (let length = 0; length < datagram.length; length++) {
      expect(decodeMessage(datagram.subarray(0, length))).toBeUndefined();
    }
    expect(decodeMessage(Buffer.concat([datagram, Buffer.alloc(4)]))).toBeUndefined();
  });

  it('draw no exception from garbage with a good header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (garbage) => {
        const header = Buffer.from('000100002112a442b7e7a701bc34d686fa87dfae', 'hex');
        header.writeUInt16BE(garbage.length, 2);
        const result = decodeMessage(Buffer.concat([header, garbage]));
        expect(result?.attributes.every(({ value }) => value.length <= garbage.length)).not.toBe(false);
      }),
    );
  });

  it('take nothing from behind MESSAGE-INTEGRITY but its SHA-256 sibling', () => {
    const types = [0x8022, 0x0008, 0x0006, 0x001c, 0x7fff];
    const attributes = types.map((type) => ({ type, value: Buffer.alloc(4) }));
    const datagram = encodeMessage({ ...decoded(sampleRequest.datagram), attributes });
    expect(decoded(datagram).attributes.map(({ type }) => type)).toEqual([0x8022, 0x0008, 0x001c]);
  });

  it('with the FINGERPRINT before other attributes are malformed', () => {
    const { datagram } = sampleIpv4Response;
    const trailing = Buffer.concat([datagram, Buffer.from('8022000461626364', 'hex')]);
    trailing.writeUInt16BE(trailing.length - 20, 2);
    expect(decodeMessage(trailing)).toBeUndefined();
  });

  it('spread class and method over the type as RFC 8489 figure 3 draws it', () => {
    const typeOf = (messageClass: StunClass, method: number) =>
      encodeMessage({ ...decoded(sampleRequest.datagram), class: messageClass, method }).readUInt16BE(0);
    expect(typeOf('request', 1)).toBe(0x0001);
    expect(typeOf('indication', 1)).toBe(0x0011);
    expect(typeOf('success', 1)).toBe(0x0101);
    expect(typeOf('error', 1)).toBe(0x0111);
    expect(typeOf('request', 0xfff)).toBe(0x3eef);
  });
});

describe('attribute values', () => {
  it('addresses', () => {
    const address = { address: '2001:db8::1', port: 3478 };
    expect(encodeAddress(address).toString('hex')).toBe('00020d9620010db8000000000000000000000001');
    expect(decodeAddress(encodeAddress(address))).toEqual(address);
    expect(() => encodeAddress({ address: 'localhost', port: 1 })).toThrow(RangeError);
  });

  it.each([
    ['empty', ''],
    ['an unknown family', '00030001c0000201'],
    ['IPv4 with the length of IPv6', '0001000120010db8000000000000000000000001'],
    ['port 0', '00010000c0000201'],
    ['too short', '00010001c00002'],
  ])('%s is no address', (_name, hex) => {
    expect(decodeAddress(Buffer.from(hex, 'hex'))).toBeUndefined();
  });

  it('errors', () => {
    const error = { code: 420, reason: 'Unknown Attribute' };
    expect(encodeErrorCode(error).subarray(0, 4)).toEqual(Buffer.from([0, 0, 4, 20]));
    expect(decodeErrorCode(encodeErrorCode(error))).toEqual(error);
    for (const hex of ['', '000004', '00000214', '00000714', '00000464']) {
      expect(decodeErrorCode(Buffer.from(hex, 'hex'))).toBeUndefined();
    }
  });

  it('lists of unknown attributes', () => {
    expect(encodeUnknownAttributes([0x0003, 0x7fff])).toEqual(Buffer.from('00037fff', 'hex'));
    expect(decodeUnknownAttributes(Buffer.from('00037fff', 'hex'))).toEqual([0x0003, 0x7fff]);
    expect(decodeUnknownAttributes(Buffer.from('0003ff', 'hex'))).toBeUndefined();
  });
});
