import fc from 'fast-check';
import { addressOf, Copy, numberOf, readDatagram, type LanDatagram } from './packet';

const datagram = (payload: string): LanDatagram => ({
  source: numberOf('192.168.1.20'),
  destination: numberOf('255.255.255.255'),
  sourcePort: 6112,
  destinationPort: 6112,
  payload: Buffer.from(payload),
});
const copyOf = (payload: string, to = '10.66.0.2') =>
  new Copy(datagram(payload), numberOf('10.66.0.1')).aimedAt(numberOf(to));

/** As a receiver sums up (RFC 768): with a right checksum all ones. */
function sumWithPseudoHeader(packet: Buffer): number {
  const udp = packet.subarray(20);
  const pseudo = Buffer.concat([packet.subarray(12, 20), Buffer.from([0, 17]), udp.subarray(4, 6)]);
  const all = Buffer.concat([pseudo, udp, Buffer.alloc(udp.length % 2)]);
  let sum = 0;
  for (let at = 0; at < all.length; at += 2) sum += all.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

describe('a copy of a datagram', () => {
  it('comes from the virtual address and the port of the game, and goes to the same port there', () => {
    expect(readDatagram(copyOf('hello'))).toEqual({
      source: numberOf('10.66.0.1'),
      destination: numberOf('10.66.0.2'),
      sourcePort: 6112,
      destinationPort: 6112,
      payload: Buffer.from('hello'),
    });
  });

  it('has a checksum that is right, for each of those to whom it goes', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.ipV4(), (payload, to) => {
        expect(sumWithPseudoHeader(copyOf(payload, to))).toBe(0xffff);
      }),
    );
  });

  it('has all ones for a checksum that would be nought, which means none', () => {
    const even = new Copy({ ...datagram(''), sourcePort: 0, destinationPort: 0 }, 0);
    // 17 and twice the length of 8 are summed up, and what is missing to all ones.
    const packet = even.aimedAt(0xffff - 17 - 16);
    expect(packet.readUInt16BE(26)).toBe(0xffff);
  });
});

describe('what is captured', () => {
  const packet = copyOf('hello');

  it('is read with IP options, and with what a network card appends', () => {
    const options = Buffer.concat([
      packet.subarray(0, 20),
      Buffer.alloc(4, 1),
      packet.subarray(20),
      Buffer.alloc(9),
    ]);
    options.writeUInt8(0x46, 0);
    options.writeUInt16BE(packet.length + 4, 2);
    expect(readDatagram(options)?.payload.toString()).toBe('hello');
  });

  it.each<[string, (packet: Buffer) => Buffer]>([
    ['a packet that was cut short', (whole) => whole.subarray(0, whole.length - 1)],
    ['half a header', (whole) => whole.subarray(0, 27)],
    ['IPv6', (whole) => Buffer.concat([Buffer.from([0x65]), whole.subarray(1)])],
    ['TCP', (whole) => Buffer.concat([whole.subarray(0, 9), Buffer.from([6]), whole.subarray(10)])],
    ['a header of no length', (whole) => Buffer.concat([Buffer.from([0x44]), whole.subarray(1)])],
    ['a fragment', (whole) => Buffer.concat([whole.subarray(0, 6), Buffer.from([0x20]), whole.subarray(7)])],
    [
      'a length beyond the packet',
      (whole) => Buffer.concat([whole.subarray(0, 24), Buffer.from([0xff, 0xff]), whole.subarray(26)]),
    ],
  ])('is not taken for a datagram: %s', (_what, spoil) => {
    expect(readDatagram(spoil(Buffer.from(packet)))).toBeUndefined();
  });

  it('harms nobody, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const read = readDatagram(Buffer.from(bytes));
        expect(read === undefined || read.payload.length <= bytes.length).toBe(true);
      }),
    );
  });

  it('has addresses that are numbers, and back', () => {
    fc.assert(fc.property(fc.ipV4(), (address) => addressOf(numberOf(address)) === address));
  });
});
