import type { Candidate } from '#shared/api/party';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { endpointsToTry } from './candidates';

const candidate = (text: string, kind: Candidate['kind'] = 'host'): Candidate => ({
  kind,
  endpoint: parseEndpoint(text) as Endpoint,
});

describe('candidates of another player', () => {
  it('are tried in the local network first, else in the order in which they came', () => {
    const candidates = [
      candidate('203.0.113.7:40000', 'reflexive'),
      candidate('192.168.1.7:40000'),
      candidate('[2001:db8::7]:40000'),
      candidate('10.0.0.7:40000'),
    ];
    expect(endpointsToTry(candidates)).toEqual([
      '192.168.1.7:40000',
      '10.0.0.7:40000',
      '203.0.113.7:40000',
      '[2001:db8::7]:40000',
    ]);
  });

  it('are tried once each', () => {
    const twice = [candidate('203.0.113.7:40000', 'reflexive'), candidate('203.0.113.7:40000', 'mapped')];
    expect(endpointsToTry(twice)).toEqual(['203.0.113.7:40000']);
  });

  it('are few, however many there are', () => {
    const many = Array.from({ length: 40 }, (_, index) => [
      candidate(`192.168.1.${index + 1}:40000`),
      candidate(`203.0.113.${index + 1}:40000`),
    ]).flat();
    expect(endpointsToTry(many)).toHaveLength(7);
  });

  it.each([
    ['this machine', '127.0.0.1:40000'],
    ['everybody', '255.255.255.255:40000'],
    ['a group', '224.0.0.251:40000'],
    ['a group', '[ff02::fb]:40000'],
    ['nobody', '0.0.0.0:40000'],
    ['one link of many', '[fe80::1]:40000'],
    ['an address inside the tunnel', '10.66.0.2:40000'],
    ["somebody else's service", '203.0.113.7:53'],
  ])('are not tried when they are %s: %s', (_, text) => {
    expect(endpointsToTry([candidate(text)])).toEqual([]);
  });
});
