import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import {
  areOtherFigures,
  figureOf,
  figuresFrom,
  measurable,
  nearestFirst,
  reportOf,
  type RelayInfo,
} from './relay-figures';

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

describe('other figures', () => {
  const figures = (roundTrips: Record<string, number | null>) =>
    Object.entries(roundTrips).map(([id, roundTripMs]) => ({ id, region: 'eu', roundTripMs }));
  it.each([
    ['the same', { fra: 20, nyc: null }, { fra: 20, nyc: null }, false],
    ['a little more', { fra: 20 }, { fra: 23 }, false],
    ['clearly more', { fra: 20 }, { fra: 23.1 }, true],
    ['clearly less', { fra: 20 }, { fra: 16 }, true],
    ['a tenth of much', { fra: 200 }, { fra: 220 }, false],
    ['more than a tenth of much', { fra: 200 }, { fra: 221 }, true],
    ['no answer any more', { fra: 20 }, { fra: null }, true],
    ['an answer at last', { fra: null }, { fra: 20 }, true],
    ['one more relay', { fra: 20 }, { fra: 20, nyc: 80 }, true],
    ['one relay less', { fra: 20, nyc: 80 }, { fra: 20 }, true],
    ['another relay', { fra: 20 }, { nyc: 20 }, true],
    ['the first ones', {}, { fra: 20 }, true],
  ])('%s', (_what, former, latter, expected) => {
    expect(areOtherFigures(figures(former), figures(latter))).toBe(expected);
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
