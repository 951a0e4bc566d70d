import type { AnnouncedRelay } from '#shared/api/relay-link';
import type { Endpoint } from '#shared/endpoint';
import { addressesToProve, announcedFault, type RelayConnection } from './announced-addresses';

const there = '192.0.2.1';
const relay = (change: Partial<AnnouncedRelay> = {}): AnnouncedRelay => ({
  ...{ relayId: 'fra', region: 'eu', publicAddress: there, ports: { first: 51_900, last: 52_155 } },
  ...{ stunEndpoints: [`${there}:3478`, `${there}:3479`] as Endpoint[], capacityPairs: 10, draining: false },
  ...change,
});
const connection = (change: Partial<RelayConnection> = {}): RelayConnection => ({
  clientAddress: '198.51.100.7',
  isOfThisMachine: false,
  hasOwnSecret: false,
  serverAddress: '203.0.113.5',
  ...change,
});
const home = { publicAddress: '203.0.113.5', stunEndpoints: [] };

describe('addressesToProve', () => {
  it.each<[string[], string, Partial<AnnouncedRelay>, Partial<RelayConnection>]>([
    [[there], 'a relay that comes from elsewhere', {}, {}],
    [[], 'a relay that comes from there', {}, { clientAddress: there }],
    [[], 'a relay of this machine', {}, { isOfThisMachine: true, clientAddress: '127.0.0.1' }],
    [[there], 'a relay behind a proxy of this machine', {}, { clientAddress: '127.0.0.1' }],
    [[there], 'a relay behind a proxy that nobody told us of', {}, { clientAddress: null }],
    [[], 'a relay with a secret of its own', {}, { hasOwnSecret: true }],
    [[], "the server's own address, from its network", home, { clientAddress: '172.18.0.1' }],
    [['203.0.113.5'], "the server's own address, from the Internet", home, {}],
    [[there], 'any other address, from its network', {}, { clientAddress: '172.18.0.1' }],
    [
      ['192.0.2.9'],
      'a second address for STUN',
      { stunEndpoints: [`${there}:3478`, '192.0.2.9:3478', '192.0.2.9:3479'] as Endpoint[] },
      { clientAddress: there },
    ],
  ])('%j of %s', (expected, _what, announced, known) => {
    expect(addressesToProve(relay(announced), connection(known))).toEqual(expected);
  });
});

describe('announcedFault', () => {
  const at = (publicAddress: string) => ({ publicAddress, stunEndpoints: [] });
  it.each<[string | null, Partial<AnnouncedRelay>, Partial<RelayConnection>]>([
    [null, {}, {}],
    [null, at('192.168.7.7'), {}],
    [null, at('2001:db8::7'), {}],
    [null, at('127.0.0.1'), { isOfThisMachine: true }],
    [null, at('127.0.0.1'), { clientAddress: '127.0.0.2' }],
    ['loopback', at('127.0.0.1'), {}],
    ['loopback', at('127.0.0.1'), { clientAddress: '192.168.7.7' }],
    ['loopback', at('127.0.0.1'), { hasOwnSecret: true }],
    ['multicast', at('224.0.0.1'), { clientAddress: '127.0.0.2' }],
    ['broadcast', at('255.255.255.255'), {}],
    [null, at('10.66.0.1'), {}],
    ['link_local', at('169.254.169.254'), {}],
    ['translated', at('64:ff9b::c000:201'), {}],
    ['low_port', { stunEndpoints: [`${there}:53`] as Endpoint[] }, {}],
    ['low_port', { ports: { first: 53, last: 2000 } }, {}],
    ['link_local', { stunEndpoints: ['169.254.169.254:3478'] as Endpoint[] }, {}],
  ])('%j of %j over a link with %j', (expected, announced, known) => {
    expect(announcedFault(relay(announced), connection(known))).toBe(expected);
  });
});
