import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { namingFault, type NamingFault } from './vantage';

const home = {
  networks: [
    { address: '192.168.1.20', prefixBits: 24 },
    { address: '198.51.100.20', prefixBits: 24 },
  ],
  gateways: ['192.168.1.1', '198.51.100.1'],
};
const places = {
  internet: ['203.0.113.5'],
  carrier: ['100.64.0.5'],
  home: ['192.168.1.5'],
  router: ['192.168.1.1'],
  'this machine': ['127.0.0.1'],
  'this machine, by its address': ['192.168.1.20'],
  unknown: [],
  'the internet, translated': ['64:ff9b::cb00:7105'],
  'the internet and home at once': ['203.0.113.5', '192.168.1.5'],
} as const satisfies Record<string, readonly string[]>;

const fault = (endpoint: string, by: readonly string[]) =>
  namingFault(parseEndpoint(endpoint) as Endpoint, by, home);

describe('an endpoint that a server names', () => {
  it.each<[keyof typeof places, string, NamingFault | null]>([
    // A server on the Internet sends players to the Internet.
    ['internet', '203.0.113.5:51900', null],
    ['internet', '192.0.2.9:51900', null],
    ['internet', '[2001:db8::9]:51900', null],
    ['internet', '192.168.77.1:5353', 'nearer'],
    ['internet', '10.0.0.5:51900', 'nearer'],
    ['internet', '100.64.0.9:51900', 'nearer'],
    ['internet', '[fd00::5]:51900', 'nearer'],
    ['internet', '127.0.0.1:9999', 'nearer'],
    ['internet', '[::1]:9999', 'nearer'],
    ['internet', '169.254.169.254:8080', 'nearer'],
    ['internet', '[fe80::1]:51900', 'nearer'],
    ['internet', '198.51.100.20:51900', 'nearer'],
    ['internet', '198.51.100.1:51900', 'gateway'],
    ['internet', '198.51.100.255:51900', 'unusable'],
    ['unknown', '192.168.1.5:51900', 'nearer'],
    ['unknown', '203.0.113.5:51900', null],
    ['the internet and home at once', '192.168.1.5:51900', 'nearer'],
    ['the internet, translated', '192.168.1.5:51900', 'nearer'],
    ['the internet, translated', '203.0.113.5:51900', null],
    ['carrier', '100.64.0.9:51900', null],
    ['carrier', '192.168.1.5:51900', 'nearer'],
    // A LAN party.
    ['home', '192.168.1.5:51900', null],
    ['home', '10.0.0.5:51900', null],
    ['home', '203.0.113.5:51900', null],
    ['home', '192.168.1.1:51900', 'gateway'],
    ['home', '192.168.1.20:51900', 'nearer'],
    ['home', '127.0.0.1:51900', 'nearer'],
    ['router', '192.168.1.1:51900', null],
    // Everything on one machine.
    ['this machine', '127.0.0.1:51900', null],
    ['this machine', '192.168.1.20:51900', null],
    ['this machine', '203.0.113.5:51900', null],
    ['this machine', '192.168.1.1:51900', null],
    ['this machine, by its address', '127.0.0.1:51900', null],
    ['this machine, by its address', '192.168.1.20:51900', null],
  ])('%s: %s is %p', (place, endpoint, expected) => {
    expect(fault(endpoint, places[place])).toBe(expected);
  });

  it.each(Object.entries(places))('%s: neither a group, nor nobody, nor a service', (_name, by) => {
    const unusable = [
      '0.0.0.0',
      '255.255.255.255',
      '224.0.0.251',
      '240.0.0.1',
      '192.168.1.255',
      '198.18.0.1',
    ];
    const everywhere = [
      '[::]',
      '[ff02::1]',
      '[64:ff9b::c0a8:101]',
      '[::ffff:192.168.1.1]',
      '[2002:c0a8:101::1]',
    ];
    for (const address of [...unusable, ...everywhere])
      expect(fault(`${address}:51900`, by)).toBe('unusable');
    for (const port of [1, 53, 80, 1023]) expect(fault(`203.0.113.5:${port}`, by)).toBe('low_port');
  });
});
