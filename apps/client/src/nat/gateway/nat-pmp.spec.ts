import fc from 'fast-check';
import {
  decodeNatPmpMapping,
  decodePublicAddress,
  encodeNatPmpMapRequest,
  encodePublicAddressRequest,
} from './nat-pmp';

const udp = { port: 51_820, transport: 'udp' } as const;
const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('NAT-PMP', () => {
  it('asks in the layout of RFC 6886, sections 3.2 and 3.3', () => {
    expect(encodePublicAddressRequest()).toEqual(bytes('0000'));
    const request = { local: udp, wishedPort: 52_000, leaseSeconds: 900 };
    expect(encodeNatPmpMapRequest(request)).toEqual(bytes('00010000 ca6c cb20 00000384'));
    expect(encodeNatPmpMapRequest({ ...request, local: { ...udp, transport: 'tcp' } })).toEqual(
      bytes('00020000 ca6c cb20 00000384'),
    );
  });

  it.each([
    ['00800000 00000010 cb007107', { result: 0, address: '203.0.113.7' }],
    ['00800003 00000010 00000000', { result: 3, address: '0.0.0.0' }],
    ['00800002 00000010', { result: 2, address: '0.0.0.0' }],
    ['00800000 00000010 cb0071', undefined],
    // Said to PCP, whose opcodes are others.
    ['00800001 00000010', undefined],
    ['02800000 00000010 cb007107', undefined],
    ['00000000 00000010 cb007107', undefined],
    ['00810000 00000010 ca6ccb20 00000384', undefined],
    ['', undefined],
  ])('%s is the public address %p', (hex, answer) => {
    expect(decodePublicAddress(bytes(hex))).toEqual(answer);
  });

  it.each([
    ['00810000 00000010 ca6ccb20 00000384', { result: 0, externalPort: 52_000, leaseSeconds: 900 }],
    ['00810004 00000010 ca6c0000 00000000', { result: 4, externalPort: 0, leaseSeconds: 0 }],
    ['00810002 00000010', { result: 2, externalPort: 0, leaseSeconds: 0 }],
    ['00810000 00000010', undefined],
    ['00810000 00000010 ca6dcb20 00000384', undefined],
    ['00820000 00000010 ca6ccb20 00000384', undefined],
    ['00800000 00000010 cb007107', undefined],
  ])('%s is the mapping %p', (hex, answer) => {
    expect(decodeNatPmpMapping(bytes(hex), udp)).toEqual(answer);
  });

  it('draws no exception from garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (garbage) => {
        decodePublicAddress(Buffer.from(garbage));
        decodeNatPmpMapping(Buffer.from(garbage), udp);
      }),
    );
  });
});
