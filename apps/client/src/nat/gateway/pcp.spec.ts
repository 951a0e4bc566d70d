import fc from 'fast-check';
import { decodePcpMapping, encodePcpMapRequest, isPcpUnsupported } from './pcp';

const nonce = Buffer.from('000102030405060708090a0b', 'hex');
const request = {
  nonce,
  ownAddress: '192.168.1.10',
  local: { port: 51_820, transport: 'udp' },
  wishedPort: 51_820,
  leaseSeconds: 900,
} as const;
/** RFC 6887 figures 3 and 10. */
const answered = [
  '02810000 00000384 00000010 000000000000000000000000',
  '000102030405060708090a0b 11000000 ca6ccb20 00000000000000000000ffffcb007107',
];
const bytes = (...hex: string[]) => Buffer.from(hex.join('').replaceAll(' ', ''), 'hex');

describe('PCP', () => {
  it('asks in the layout of RFC 6887, figures 2 and 9', () => {
    expect(encodePcpMapRequest(request)).toEqual(
      bytes(
        '02010000 00000384 00000000000000000000ffffc0a8010a',
        '000102030405060708090a0b 11000000 ca6cca6c 00000000000000000000ffff00000000',
      ),
    );
  });

  it('asks for TCP by its number', () => {
    const tcp = { ...request, local: { ...request.local, transport: 'tcp' } } as const;
    expect(encodePcpMapRequest(tcp).readUInt8(36)).toBe(6);
    expect(decodePcpMapping(bytes(...answered), tcp)).toBeUndefined();
  });

  it('deletes by a lifetime of zero, section 15', () => {
    expect(encodePcpMapRequest({ ...request, leaseSeconds: 0 }).readUInt32BE(4)).toBe(0);
  });

  it('reads what was granted', () => {
    expect(decodePcpMapping(bytes(...answered), request)).toEqual({
      result: 0,
      leaseSeconds: 900,
      externalAddress: '203.0.113.7',
      externalPort: 52_000,
    });
  });

  it('reads a refusal', () => {
    const refusal = bytes(...answered);
    refusal.writeUInt8(8, 3);
    expect(decodePcpMapping(refusal, request)?.result).toBe(8);
  });

  it.each<[string, (datagram: Buffer) => Buffer | void]>([
    ['of another version', (datagram) => void datagram.writeUInt8(1, 0)],
    ['that is a request', (datagram) => void datagram.writeUInt8(1, 1)],
    ['to another opcode', (datagram) => void datagram.writeUInt8(130, 1)],
    ['with another nonce', (datagram) => void datagram.writeUInt8(1, 24)],
    ['of another protocol', (datagram) => void datagram.writeUInt8(6, 36)],
    ['for another port', (datagram) => void datagram.writeUInt16BE(51_821, 40)],
    ['that is cut', (datagram) => datagram.subarray(0, 59)],
  ])('takes no answer %s', (_name, spoil) => {
    const datagram = bytes(...answered);
    expect(decodePcpMapping(spoil(datagram) ?? datagram, request)).toBeUndefined();
  });

  it.each([
    ['a server of NAT-PMP', '0081 0001 00000010', true],
    ['a server of a later PCP', `03810001 00000000 ${'00'.repeat(16)}`, true],
    ['a mapping', answered.join(''), false],
    ['an answer of NAT-PMP', '0080 0000 00000010 cb007107', false],
    ['nothing', '', false],
  ])('%s does not know it: %s', (_name, hex, unsupported) => {
    expect(isPcpUnsupported(bytes(hex))).toBe(unsupported);
  });

  it('draws no exception from garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (garbage) => {
        decodePcpMapping(Buffer.from(garbage), request);
        isPcpUnsupported(Buffer.from(garbage));
      }),
    );
  });
});
