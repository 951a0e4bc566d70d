import type { Candidate } from '#shared/api/party';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { DEFAULT_NETWORK, parseVirtualNetwork } from '#shared/party/virtual-ip';
import { endpointsToTry, outsideOf } from './candidates';

const candidate = (text: string, kind: Candidate['kind'] = 'host'): Candidate => ({
  kind,
  endpoint: parseEndpoint(text) as Endpoint,
});

const home = { networks: [{ address: '192.168.1.20', prefixBits: 24 }], gateways: ['192.168.1.1'] };

describe('candidates of another player', () => {
  it('are tried in the local network first, else in the order in which they came', () => {
    const candidates = [
      candidate('203.0.113.7:40000', 'reflexive'),
      candidate('192.168.1.7:40000'),
      candidate('[2001:db8::7]:40000'),
      candidate('10.0.0.7:40000'),
    ];
    expect(endpointsToTry(candidates, home)).toEqual([
      '192.168.1.7:40000',
      '10.0.0.7:40000',
      '203.0.113.7:40000',
      '[2001:db8::7]:40000',
    ]);
  });

  it('are tried once each', () => {
    const twice = [candidate('203.0.113.7:40000', 'reflexive'), candidate('203.0.113.7:40000', 'mapped')];
    expect(endpointsToTry(twice, home)).toEqual(['203.0.113.7:40000']);
  });

  it('are few, however many there are', () => {
    const many = Array.from({ length: 40 }, (_, index) => [
      candidate(`192.168.1.${index + 30}:40000`),
      candidate(`203.0.113.${index + 1}:40000`),
    ]).flat();
    expect(endpointsToTry(many, home)).toHaveLength(7);
  });

  it.each([
    ['this machine', '127.0.0.1:40000'],
    ['everybody', '255.255.255.255:40000'],
    ['a group', '224.0.0.251:40000'],
    ['a group', '[ff02::fb]:40000'],
    ['nobody', '0.0.0.0:40000'],
    ['one link of many', '[fe80::1]:40000'],
    ["somebody else's service", '203.0.113.7:53'],
    ['everybody at home', '192.168.1.255:40000'],
    ['the own router', '192.168.1.1:40000'],
    ['the own machine', '192.168.1.20:40000'],
    ['a translator of IPv4', '[64:ff9b::c0a8:101]:40000'],
    ['a tunnel of IPv4', '[2002:c0a8:101::1]:40000'],
  ])('are not tried when they are %s: %s', (_, text) => {
    expect(endpointsToTry([candidate(text)], home)).toEqual([]);
  });

  it("are outside of the party's network, whichever it is", () => {
    const all = ['10.66.0.2:40000', '10.77.0.2:40000'].map((text) => candidate(text));
    const network = parseVirtualNetwork('10.77.0.0/16') ?? DEFAULT_NETWORK;
    expect(outsideOf(DEFAULT_NETWORK, all)).toEqual([all[1]]);
    expect(outsideOf(network, all)).toEqual([all[0]]);
  });
});
