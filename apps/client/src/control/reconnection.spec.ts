import fc from 'fast-check';
import { reconnectDelayMs } from './reconnection';

describe('dialling the control plane again', () => {
  it('finds a restarted server within 2 s for half a minute', () => {
    let elapsedMs = 0;
    for (let attempt = 0; elapsedMs < 30_000; attempt++) {
      const delayMs = reconnectDelayMs(attempt, 0.999);
      expect(delayMs).toBeLessThan(2_000);
      elapsedMs += delayMs;
    }
  });

  it('slows down to once a minute in a long outage', () => {
    expect([31, 32, 33, 34, 35, 36, 37, 1_000].map((attempt) => reconnectDelayMs(attempt, 0.5))).toEqual([
      2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
    ]);
  });

  it('never at once, and never later than a minute and a quarter', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, jitter) => {
        const delayMs = reconnectDelayMs(attempt, jitter);
        expect(delayMs).toBeGreaterThan(100);
        expect(delayMs).toBeLessThan(75_000);
      }),
    );
  });
});
