import fc from 'fast-check';
import { LONGEST_RETURN_MS } from '#shared/api/signaling';
import { CONNECT_TIMEOUT_MS, reconnectDelayMs } from './reconnection';

describe('dialling the control plane again', () => {
  it('finds a restarted server within 2 s for half a minute', () => {
    let elapsedMs = 0;
    for (let attempt = 0; elapsedMs < 30_000; attempt++) {
      const delayMs = reconnectDelayMs(attempt, 0.999);
      expect(delayMs).toBeLessThan(2_000);
      elapsedMs += delayMs;
    }
  });

  it('never at once, and never so late that a server that is back waits for longer than it is promised', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, jitter) => {
        const delayMs = reconnectDelayMs(attempt, jitter);
        expect(delayMs).toBeGreaterThan(100);
        expect(delayMs + CONNECT_TIMEOUT_MS).toBeLessThanOrEqual(LONGEST_RETURN_MS);
      }),
    );
  });
});
