import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { figureOf, figuresFrom, measurable, nearestFirst, reportOf, type RelayInfo } from './relay-figures';

const relay = (id: string, ...stunEndpoints: string[]): RelayInfo => ({
  id,
  region: 'eu',
  stunEndpoints: stunEndpoints.map((text) => parseEndpoint(text) as Endpoint),
});
const fra = relay('fra', '192.0.2.1:3478', '192.0.2.1:3479');
const nyc = relay('nyc', '192.0.2.2:3478');

describe('the figure of a relay', () => {
  it.each([
    [[31.26, 30, 90], 31.3],
    [[90, 30], 30],
    [[null, 50, null], 50],
    [[null, null], null],
    [[], null],
  ])('of %j is %s', (probes, roundTripMs) => {
    expect(figureOf(fra, probes)).toEqual({ id: 'fra', region: 'eu', roundTripMs });
  });
});

describe('the relays that are measured', () => {
  it('are asked at their first IPv4 endpoint', () => {
    const dual = relay('dual', '[2001:db8::1]:3478', '192.0.2.3:3478');
    const asked = measurable([fra, dual, relay('six', '[2001:db8::2]:3478'), relay('none')]);
    expect(asked.map(({ relay: { id }, endpoint }) => [id, endpoint])).toEqual([
      ['fra', '192.0.2.1:3478'],
      ['dual', '192.0.2.3:3478'],
    ]);
  });

  it('are 16 at most', () => {
    const many = Array.from({ length: 40 }, (_, index) => relay(`r${index}`, '192.0.2.1:3478'));
    expect(measurable(many)).toHaveLength(16);
  });
});

describe('relays in order', () => {
  it('are the nearest first, then the silent ones', () => {
    const figures = [figureOf(fra, []), figureOf(nyc, [90]), figureOf(relay('ams'), [0])];
    expect(nearestFirst(figures).map(({ id }) => id)).toEqual(['ams', 'nyc', 'fra']);
  });
});

describe('what a NAT detection tells of relays', () => {
  const seen = (endpoint: string, roundTripMs: number | null) => ({
    endpoint: parseEndpoint(endpoint) as Endpoint,
    roundTripMs,
  });
  it('is the quickest answer of each, and silence', () => {
    const figures = figuresFrom(
      [fra, nyc, relay('new', '192.0.2.9:3478')],
      [seen('192.0.2.1:3478', 40), seen('192.0.2.1:3479', 35), seen('192.0.2.2:3478', null)],
    );
    expect(reportOf(figures)).toEqual({ fra: 35, nyc: null });
    expect(reportOf([])).toBeUndefined();
  });
});
