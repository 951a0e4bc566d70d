import { parseEndpoint, type Endpoint } from './endpoint';
import { presenceSchema } from './api/party';
import { relayReportSchemas } from './api/relay-link';
import { addressFault, endpointFault, isDirectedBroadcast, mayBeEndpoint } from './peer-endpoint';

const faulty = [
  ['0.0.0.0:40000', 'unspecified'],
  ['127.0.0.1:40000', 'loopback'],
  ['169.254.169.254:40000', 'link_local'],
  ['192.0.0.2:40000', 'reserved'],
  ['198.18.0.1:40000', 'reserved'],
  ['224.0.0.251:40000', 'multicast'],
  ['240.0.0.1:40000', 'reserved'],
  ['255.255.255.255:40000', 'broadcast'],
  ['203.0.113.7:53', 'low_port'],
  ['203.0.113.7:1023', 'low_port'],
  ['[::]:40000', 'unspecified'],
  ['[::1]:40000', 'loopback'],
  ['[::ffff:10.66.0.1]:40000', 'translated'],
  ['[64:ff9b::203.0.113.7]:40000', 'translated'],
  ['[64:ff9b:1::c0a8:101]:40000', 'translated'],
  ['[2001::1]:40000', 'translated'],
  ['[2002:c0a8:101::1]:40000', 'translated'],
  ['[fe80::1]:40000', 'link_local'],
  ['[fec0::1]:40000', 'reserved'],
  ['[ff02::1]:40000', 'multicast'],
  ['[2001:db8::1]:22', 'low_port'],
] as const;
const good = [
  '203.0.113.7:1024',
  '8.8.8.8:65535',
  '10.65.255.255:40000',
  '10.67.0.1:40000',
  '100.64.0.1:40000',
  '172.16.0.1:40000',
  '192.168.1.7:40000',
  '[2001:db8::1]:40000',
  '[2a00:1450::1]:40000',
  '[fd00::1]:40000',
] as const;
const endpoint = (text: string) => parseEndpoint(text) as Endpoint;

describe("the endpoints that a player's WireGuard can have", () => {
  it.each(faulty)('are not %s: %s', (text, fault) => {
    expect(endpointFault(endpoint(text))).toBe(fault);
    expect(mayBeEndpoint(endpoint(text))).toBe(false);
  });

  it.each(good)('are such as %s', (text) => {
    expect(endpointFault(endpoint(text))).toBeNull();
    expect(mayBeEndpoint(endpoint(text))).toBe(true);
  });

  it('have an address', () => expect(addressFault('fe80::1%eth0')).toBe('malformed'));

  it('are all that the server takes of what agents and relays tell it', () => {
    const told = [...faulty.map(([text]) => text), ...good];
    const kept = told.map((text) => presenceSchema.parse({ endpoint: text }).endpoint);
    expect(kept.filter((text) => text !== null)).toEqual(good);
    const candidates = told.map((text) => ({ kind: 'host', endpoint: text }));
    const both = [candidates.slice(0, 12), candidates.slice(12, 24), candidates.slice(24)];
    const keptToo = both.flatMap((some) => presenceSchema.parse({ candidates: some }).candidates);
    expect(keptToo.map((one) => one.endpoint)).toEqual(good);
    const publicKey = Buffer.alloc(32, 9).toString('base64');
    const observed = told.map((text) => ({ pairId: 'pair', publicKey, endpoint: text }));
    const { observations } = relayReportSchemas['pairs.observed'].parse({ observations: observed });
    expect(observations.map((one) => one.endpoint)).toEqual(good);
  });
});

describe('the address of everybody in a network', () => {
  it.each([
    ['192.168.1.255', '192.168.1.7', 24, true],
    ['192.168.1.0', '192.168.1.7', 24, true],
    ['192.168.1.254', '192.168.1.7', 24, false],
    ['192.168.2.255', '192.168.1.7', 24, false],
    ['192.168.1.255', '192.168.1.7', 16, false],
    ['192.168.255.255', '192.168.1.7', 16, true],
    ['192.168.1.127', '192.168.1.7', 25, true],
    ['192.168.1.255', '192.168.1.7', 25, false],
    ['255.255.255.255', '203.0.113.7', 0, true],
    ['192.168.1.7', '192.168.1.7', 32, false],
    ['192.168.1.6', '192.168.1.7', 31, false],
    ['192.168.1.7', '192.168.1.5', 30, true],
    ['fd00::ffff', 'fd00::1', 64, false],
    ['192.168.1.255', 'fd00::1', 64, false],
  ])('%s in the network of %s/%i: %s', (address, own, prefixBits, expected) => {
    expect(isDirectedBroadcast(address, [{ address: own, prefixBits }])).toBe(expected);
  });
});
