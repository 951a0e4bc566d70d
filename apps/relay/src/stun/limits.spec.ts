import { defaultStunRates, StunLimits, type StunRates } from './limits';

const rates: StunRates = {
  perSource: { perSecond: 1, burst: 2 },
  perService: { perSecond: 2, burst: 4 },
  maxSources: 3,
};

/** Host part of the source, when, and what forbids to answer. */
type Row = readonly [source: number, nowMs: number, exceeded?: 'source' | 'service'];

describe('the limits of the STUN service', () => {
  it.each<[string, Row[]]>([
    [
      'let one source have its burst, then its rate',
      [
        [1, 0],
        [1, 0],
        [1, 0, 'source'],
        [1, 1000],
      ],
    ],
    [
      'keep sources apart',
      [
        [1, 0],
        [1, 0],
        [1, 0, 'source'],
        [2, 0],
      ],
    ],
    [
      'hold back all sources together',
      [
        [1, 0],
        [2, 0],
        [3, 0],
        [4, 0],
        [5, 0, 'service'],
        [1, 0, 'service'],
      ],
    ],
    [
      'let all together have their rate after a burst',
      [
        [1, 0],
        [2, 0],
        [3, 0],
        [4, 0],
        [5, 499, 'service'],
        [6, 500],
        [7, 500, 'service'],
        [8, 1000],
      ],
    ],
    [
      'do not charge all for what one source asks too much',
      [
        [1, 0],
        [1, 0],
        [1, 0, 'source'],
        [1, 0, 'source'],
        [1, 0, 'source'],
        [2, 0],
        [3, 0],
        [2, 0, 'service'],
      ],
    ],
    [
      'hold for sources that are forgotten and come again',
      [
        [1, 0],
        [2, 0],
        [3, 0],
        [4, 0],
        [1, 0, 'service'],
        [2, 0, 'service'],
        [3, 0, 'service'],
      ],
    ],
  ])('%s', (_name, rows) => {
    const limits = new StunLimits(rates, 0);
    for (const [source, nowMs, exceeded] of rows) {
      expect([source, nowMs, limits.exceededBy(`192.0.2.${source}`, nowMs)]).toEqual([
        source,
        nowMs,
        exceeded,
      ]);
    }
  });

  it('have room for 10,000 agents that probe in one moment, and every minute', () => {
    const limits = new StunLimits(defaultStunRates, 0);
    const exceeded = new Set<string | undefined>();
    for (let nowMs = 0; nowMs <= 120_000; nowMs += 60_000) {
      for (let agent = 0; agent < 10_000; agent++) {
        const address = `10.0.${agent >> 8}.${agent & 255}`;
        for (let probe = 0; probe < 3; probe++) exceeded.add(limits.exceededBy(address, nowMs));
      }
    }
    expect(exceeded).toEqual(new Set([undefined]));
  });
});
