import { defaultLimits } from './limits';
import { Strangers } from './strangers';

const limits = {
  ...defaultLimits,
  sourceFailures: { perSecond: 10, burst: 40 },
  networkFailures: { perSecond: 10, burst: 80 },
  strangersPerPort: { perSecond: 10, burst: 100 },
  strangersPerRelay: { perSecond: 10, burst: 1000 },
};

/** A port of ten pairs, none of which knows anybody. */
function world(changed: Partial<typeof limits> = {}) {
  const strangers = new Strangers({ ...limits, ...changed });
  const port = strangers.newPort(0);
  const search = (address: string, nowMs: number, inVain = true, tried = 10) => {
    const refusal = strangers.admit(address, 10, port, nowMs);
    if (!refusal) strangers.settle(address, { admitted: 10, tried, inVain }, port, nowMs);
    return refusal ?? 'searched';
  };
  const times = (count: number, address: string, nowMs: number) =>
    Array.from({ length: count }, () => search(address, nowMs)).filter((result) => result === 'searched')
      .length;
  return { strangers, search, times };
}

describe('strangers', () => {
  it('have an allowance of tries in vain, which comes back', () => {
    const { search, times } = world();
    expect(times(10, '192.0.2.1', 0)).toBe(4);
    expect(search('192.0.2.1', 0)).toBe('source_handshakes_limited');
    expect(search('192.0.2.1', 999)).toBe('source_handshakes_limited');
    expect(search('192.0.2.1', 1000)).toBe('searched');
  });

  it('that find their pairs pay nothing', () => {
    const { search } = world({ strangersPerPort: { perSecond: 1000, burst: 1000 } });
    const found = Array.from({ length: 50 }, () => search('192.0.2.1', 0, false, 3));
    expect(new Set(found)).toEqual(new Set(['searched']));
  });

  it('that have failed within a minute leave half of the ceilings to others', () => {
    const { search, times } = world();
    expect(times(4, '192.0.2.1', 0) + times(4, '198.51.100.1', 0)).toBe(4 + 1);
    expect(search('198.51.100.1', 0)).toBe('port_handshakes_limited');
    expect(search('203.0.113.1', 0)).toBe('searched');
    expect(search('198.51.100.1', 5000)).toBe('searched');
    const atOnce = world();
    atOnce.search('192.0.2.1', 0);
    expect(atOnce.times(9, '203.0.113.1', 60_000)).toBe(4);
  });

  it.each([
    ['192.0.2', (host: number) => `192.0.2.${host}`],
    ['2001:db8:1::/48', (host: number) => `2001:db8:1:${host.toString(16)}::1`],
  ])('of a network that fails often count as failed: %s', (_name, at) => {
    const { search } = world({ strangersPerPort: { perSecond: 10, burst: 200 } });
    const verdicts = Array.from({ length: 15 }, (_, host) => search(at(host), 0));
    expect(verdicts.filter((verdict) => verdict === 'searched')).toHaveLength(10);
    expect(search('203.0.113.1', 0)).toBe('searched');
  });

  it('are forgotten, the longest silent first, when there are too many', () => {
    const { strangers, search, times } = world({ maxSources: 3 });
    for (let host = 0; host < 6; host++) search(`192.0.${host}.1`, host * 10_000);
    expect([strangers.size, strangers.forgotten]).toEqual([6, 3]);
    expect(times(1, '203.0.113.1', 60_000)).toBe(1);
  });

  it('beyond the ceiling of the relay take nothing from that of the port', () => {
    const { search } = world({ strangersPerRelay: { perSecond: 0, burst: 20 } });
    const verdicts = [1, 2, 3, 4, 5].map((host) => search(`192.0.${host}.1`, 0));
    expect(verdicts.slice(2)).toEqual(new Array(3).fill('relay_handshakes_limited'));
  });
});
