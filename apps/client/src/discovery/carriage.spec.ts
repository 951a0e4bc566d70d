import type { Endpoint } from '#shared/endpoint';
import type { VirtualIp } from '#shared/party/virtual-ip';
import { Carriage, type Verdict } from './carriage';
import { Flows } from './flows';
import { farPlayers } from './neighbours';
import { numberOf, type LanDatagram } from './packet';
import { carriedIn, carriedText, parseDiscovery } from './ports';

const datagram = (changes: Partial<LanDatagram> = {}): LanDatagram => ({
  source: numberOf('192.168.1.20'),
  destination: numberOf('255.255.255.255'),
  sourcePort: 40_000,
  destinationPort: 27_960,
  payload: Buffer.from('getinfo'),
  ...changes,
});

describe('what is carried', () => {
  const judged = (...sent: readonly (readonly [number, Partial<LanDatagram>, number?])[]): Verdict[] => {
    const carriage = new Carriage(0);
    return sent.map(([nowMs, changes, players = 2]) => carriage.judge(datagram(changes), players, nowMs));
  };
  const byWifi = { source: numberOf('192.168.7.3') };

  it('is heard once of a game that sends the same on several interfaces', () => {
    expect(judged([0, {}], [1, byWifi], [2, { destination: numberOf('192.168.1.255') }])).toEqual([
      'carried',
      'repeated',
      'repeated',
    ]);
  });

  it('is heard twice of a game that says it twice, at once or later', () => {
    expect(judged([0, {}], [1, {}], [150, byWifi])).toEqual(['carried', 'carried', 'carried']);
  });

  it('is what other ports and words say', () => {
    expect(
      judged([0, {}], [1, { ...byWifi, sourcePort: 40_001 }], [2, { ...byWifi, payload: Buffer.from('x') }]),
    ).toEqual(['carried', 'carried', 'carried']);
  });

  it('is a burst of two hundred, then a hundred a second', () => {
    const carriage = new Carriage(0);
    const carried = (count: number, nowMs: number) =>
      Array.from({ length: count }, (_, number) =>
        carriage.judge(datagram({ payload: Buffer.from(`${nowMs} ${number}`) }), 1, nowMs),
      ).filter((verdict) => verdict === 'carried').length;
    expect(carried(1_000, 0)).toBe(200);
    expect(carried(1_000, 1_000)).toBe(100);
  });

  it('is something of other games, too, while one floods', () => {
    const carriage = new Carriage(0);
    const flood = Array.from({ length: 1_000 }, (_, number) =>
      carriage.judge(datagram({ payload: Buffer.from(`flood ${number}`) }), 1, 0),
    );
    expect(flood.filter((verdict) => verdict === 'carried')).toHaveLength(200);
    expect(carriage.judge(datagram({ sourcePort: 40_001 }), 1, 1)).toBe('carried');
  });

  it('is bounded for all sockets together', () => {
    const carriage = new Carriage(0);
    const verdicts = Array.from({ length: 1_000 }, (_, number) =>
      carriage.judge(datagram({ sourcePort: 40_000 + number }), 1, 0),
    );
    expect(verdicts.filter((verdict) => verdict === 'carried')).toHaveLength(300);
  });

  it('is less in a party of hundreds, as each datagram is many copies', () => {
    const carriage = new Carriage(0);
    const verdicts = Array.from({ length: 100 }, (_, number) =>
      carriage.judge(datagram({ payload: Buffer.from(String(number)) }), 250, 0),
    );
    expect(verdicts.filter((verdict) => verdict === 'carried')).toHaveLength(40);
  });
});

describe('who gets a copy', () => {
  const players = [
    { virtualIp: '10.66.0.2' as VirtualIp, directEndpoint: '192.168.1.30:51820' as Endpoint },
    { virtualIp: '10.66.0.3' as VirtualIp, directEndpoint: '203.0.113.7:51820' as Endpoint },
    { virtualIp: '10.66.0.4' as VirtualIp, directEndpoint: null },
    { virtualIp: '10.66.0.5' as VirtualIp, directEndpoint: '[fe80::1]:51820' as Endpoint },
  ];
  const networks = [
    { address: '192.168.1.20', prefixBits: 24 },
    { address: '10.0.0.5', prefixBits: 8 },
  ];

  it('is everybody but who hears the broadcast itself, in the same home', () => {
    expect(farPlayers(players, networks, numberOf('192.168.1.20'))).toEqual([
      '10.66.0.3',
      '10.66.0.4',
      '10.66.0.5',
    ]);
  });

  it('is everybody for what leaves by another interface', () => {
    expect(farPlayers(players, networks, numberOf('10.0.0.5'))).toHaveLength(4);
    expect(farPlayers(players, networks, numberOf('10.66.0.1'))).toHaveLength(4);
  });
});

describe('LANRAGE_DISCOVERY', () => {
  it.each([
    ['on', false, 'all games'],
    ['on', true, 'known games'],
    ['off', false, null],
    ['6112,27960-27963', true, 'ports 6112, 27960-27963'],
    ['6112/udp', false, 'ports 6112'],
  ])('%s, in a public party: %p, carries %p', (text, isPublic, carried) => {
    const setting = parseDiscovery(text);
    const ports = setting && carriedIn(setting, isPublic);
    expect(ports ? carriedText(ports) : ports).toBe(carried);
  });

  it.each(['', 'yes', '0', '70000', '6112-', 'games'])('is not %p', (text) => {
    expect(parseDiscovery(text)).toBeUndefined();
  });
});

describe('the counts', () => {
  it('are kept by destination, the latest first, and no more than 32', () => {
    const flows = new Flows();
    for (let port = 1; port <= 40; port++) flows.count(datagram({ destinationPort: port }), 'carried', 3);
    flows.count(datagram({ destinationPort: 20 }), 'repeated', 0);
    const [first, second] = flows.latest();
    expect(first).toEqual({
      destination: '255.255.255.255',
      port: 20,
      carried: 1,
      copies: 3,
      repeated: 1,
      limited: 0,
    });
    expect(second?.port).toBe(40);
    expect(flows.latest()).toHaveLength(32);
  });
});
