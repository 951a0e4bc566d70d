import { lanFilter, type OwnAddress } from './filter';
import { isTaken } from '../../../../test/classic-bpf';
import { numberOf } from './packet';
import type { CarriedPorts } from './ports';

const home: OwnAddress = {
  interfaceIndex: 2,
  address: numberOf('192.168.1.20'),
  broadcast: numberOf('192.168.1.255'),
};
const tunnel: OwnAddress = {
  interfaceIndex: 7,
  address: numberOf('10.66.0.1'),
  broadcast: numberOf('10.66.255.255'),
};
const single: OwnAddress = { interfaceIndex: 9, address: numberOf('100.64.0.9'), broadcast: null };

interface Sent {
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  readonly interfaceIndex: number;
  readonly packetType: number;
  readonly etherType: number;
  readonly protocol: number;
  readonly fragment: number;
  readonly payloadBytes: number;
  readonly optionBytes: number;
}
const usual: Sent = {
  source: '192.168.1.20',
  destination: '255.255.255.255',
  port: 6112,
  interfaceIndex: 2,
  packetType: 4,
  etherType: 0x0800,
  protocol: 17,
  fragment: 0,
  payloadBytes: 20,
  optionBytes: 0,
};

function packetOf({
  source,
  destination,
  port,
  protocol,
  fragment,
  payloadBytes,
  optionBytes,
}: Sent): Buffer {
  const headerBytes = 20 + optionBytes;
  const packet = Buffer.alloc(headerBytes + 8 + payloadBytes);
  packet.writeUInt8(0x40 + headerBytes / 4, 0);
  packet.writeUInt16BE(packet.length, 2);
  packet.writeUInt16BE(fragment, 6);
  packet.writeUInt8(protocol, 9);
  packet.writeUInt32BE(numberOf(source), 12);
  packet.writeUInt32BE(numberOf(destination), 16);
  packet.writeUInt16BE(40_000, headerBytes);
  packet.writeUInt16BE(port, headerBytes + 2);
  return packet;
}

const isTakenBy = (filter: Buffer, sent: Sent) => isTaken(filter, packetOf(sent), sent);
const taken = (changes: Partial<Sent>, ports: CarriedPorts = 'all') =>
  isTakenBy(lanFilter([home, tunnel, single], ports), { ...usual, ...changes });

describe('the filter of what games say to a LAN', () => {
  it.each<[string, Partial<Sent>]>([
    ['a broadcast to everybody', {}],
    ["a broadcast to the home's network", { destination: '192.168.1.255' }],
    ['a multicast', { destination: '224.0.2.60', port: 4445 }],
    ['one of the tunnel', { source: '10.66.0.1', interfaceIndex: 7, destination: '10.66.255.255' }],
    ['one of an address that stands alone', { source: '100.64.0.9', interfaceIndex: 9 }],
    ['one with IP options', { optionBytes: 8 }],
    ['as much as a packet of the tunnel holds', { payloadBytes: 1280 - 28 }],
    ['one that must not be cut up', { fragment: 0x4000 }],
  ])('takes %s', (_what, changes) => {
    expect(taken(changes)).toBe(true);
  });

  it.each<[string, Partial<Sent>]>([
    ['what arrives', { packetType: 1 }],
    ['another protocol than IPv4', { etherType: 0x86dd }],
    ['unicast', { destination: '192.168.1.7' }],
    ['the broadcast of a network that this machine is not in', { destination: '192.168.2.255' }],
    ['what routers say to each other', { destination: '224.0.0.251' }],
    ['SSDP, at whatever port', { destination: '239.255.255.250' }],
    ['reserved addresses', { destination: '240.0.0.1' }],
    ['what a container sends', { source: '172.17.0.2' }],
    ['what goes out by another interface than its address has', { interfaceIndex: 7 }],
    ['TCP', { protocol: 6 }],
    ['the first fragment', { fragment: 0x2000 }],
    ['a later fragment', { fragment: 3 }],
    ['more than a packet of the tunnel holds', { payloadBytes: 1280 - 27 }],
    ['mDNS', { destination: '224.0.1.5', port: 5353 }],
    ['NetBIOS', { port: 137 }],
    ['DHCP', { port: 67 }],
    ['Steam Remote Play', { port: 27_036 }],
    ["the last one of what is no game's", { port: 57_621 }],
  ])('drops %s', (_what, changes) => {
    expect(taken(changes)).toBe(false);
  });

  it.each([
    [6111, true],
    [26_000, true],
    [6113, false],
    [62_999, true],
    [63_000, false],
    [2_302, true],
    [40_000, false],
  ])('takes known games alone in a public party: port %i %p', (port, isGame) => {
    expect(taken({ port }, 'games')).toBe(isGame);
  });

  it('takes the ports alone that were chosen, and of those none that is denied', () => {
    const ports = [
      { from: 5_000, to: 5_400 },
      { from: 7_000, to: 7_000 },
    ];
    expect(
      [4_999, 5_000, 5_400, 5_401, 7_000, 7_001, 5_353].filter((port) => taken({ port }, ports)),
    ).toEqual([5_000, 5_400, 7_000]);
  });

  it.each([33, 120, 500])(
    'takes what a machine of %i addresses sends, as with containers, from its first ones',
    (count) => {
      const containers = Array.from({ length: count }, (_, place) => ({
        interfaceIndex: 10 + place,
        address: numberOf('172.17.0.1') + place * 256,
        broadcast: numberOf('172.17.0.255') + place * 256,
      }));
      const ports = Array.from({ length: 64 }, (_, place) => ({
        from: 6_112 + place * 10,
        to: 6_113 + place * 10,
      }));
      const filter = lanFilter([home, ...containers], ports);
      expect(isTakenBy(filter, usual)).toBe(true);
      expect(isTakenBy(filter, { ...usual, port: 6_743 })).toBe(true);
      expect(isTakenBy(filter, { ...usual, port: 6_744 })).toBe(false);
      expect(
        isTakenBy(filter, {
          ...usual,
          destination: '172.17.32.255',
          source: '172.17.32.1',
          interfaceIndex: 42,
        }),
      ).toBe(true);
      expect(isTakenBy(filter, { ...usual, source: '172.17.32.1' })).toBe(false);
      expect(isTakenBy(filter, { ...usual, packetType: 1 })).toBe(false);
    },
  );

  it('drops everything of a machine without addresses', () => {
    expect(isTakenBy(lanFilter([], 'all'), usual)).toBe(false);
  });
});
