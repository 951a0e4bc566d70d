import { SocketAddresses } from './socket-address';

const offset = 32;

describe('socket addresses of Linux', () => {
  it.each([
    ['IPv4', '192.0.2.1', 51_820, '0200ca6cc0000201', 16],
    ['the highest IPv4', '255.255.255.255', 65_535, '0200ffffffffffff', 16],
    ['IPv6', '2001:db8::1', 1, '0a0000010000000020010db800000000000000000000000100000000', 28],
    ['link-local', 'fe80::1%3', 9, '0a00000900000000fe80000000000000000000000000000103000000', 28],
  ])('%s, both ways and again from memory', (_name, address, port, hex, bytes) => {
    const addresses = new SocketAddresses();
    for (let round = 0; round < 2; round++) {
      const buffer = Buffer.alloc(64, 0xff);
      expect(addresses.write({ address, port }, buffer, offset)).toBe(bytes);
      expect(buffer.toString('hex', offset, offset + hex.length / 2)).toBe(hex);
      expect(addresses.read(buffer, offset)).toEqual({ address, port });
    }
  });

  it('forgets the texts and bytes of many when there are more', () => {
    const addresses = new SocketAddresses();
    const buffer = Buffer.alloc(64);
    const through = (address: string) => {
      addresses.write({ address, port: 1 }, buffer, 0);
      return addresses.read(buffer, 0).address;
    };
    const all = Array.from({ length: 5000 }, (_, number) => [
      `10.0.${number >> 8}.${number & 255}`,
      `fe80::1%${number + 1}`,
    ]).flat();
    expect(all.map(through)).toEqual(all);
  });
});
