import fc from 'fast-check';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { failureOf, newPath, pathTimings, stepPath, type PathInput, type PathState } from './path';

const endpoint = (text: string) => parseEndpoint(text) as Endpoint;
const relay = endpoint('192.0.2.1:52000');
const otherRelay = endpoint('192.0.2.1:52001');
const MIDDLE_JITTER = 0.5;

const silent = { handshakeAtMs: null, rxBytes: 0, txBytes: 148 };
const alive = (rxBytes: number, txBytes = 500) => ({ handshakeAtMs: 1, rxBytes, txBytes });
const counters = (reading: typeof silent | ReturnType<typeof alive> | undefined): PathInput => ({
  type: 'counters',
  counters: reading,
});

/** Feeds inputs at times; returns the last state, and the commands with their times. */
function run(path: PathState, inputs: readonly (readonly [number, PathInput])[], jitter = MIDDLE_JITTER) {
  const commands: string[] = [];
  for (const [nowMs, input] of inputs) {
    const step = stepPath(path, input, nowMs, jitter);
    path = step.path;
    if (step.command) commands.push(`${nowMs} ${step.command}`);
  }
  return { path, commands };
}

/** The same input every 100 ms. */
const every100Ms = (fromMs: number, toMs: number, input: PathInput) =>
  Array.from({ length: (toMs - fromMs) / 100 + 1 }, (_, index) => [fromMs + index * 100, input] as const);

const assigned = run(newPath(0), [[0, { type: 'relay', relay }]]).path;
const relayed = run(assigned, [[100, counters(alive(300))]]).path;

describe('a path that is being connected', () => {
  it('forces a handshake as soon as there is a relay session', () => {
    const { path, commands } = run(newPath(0), [
      [0, { type: 'relay', relay: null }],
      [50, counters(undefined)],
      [70, { type: 'relay', relay }],
    ]);
    expect(commands).toEqual(['70 handshake']);
    expect(path).toMatchObject({ phase: 'connecting', relay });
  });

  it('is relayed once a handshake completed, not before', () => {
    const received = { handshakeAtMs: null, rxBytes: 148, txBytes: 148 };
    expect(run(assigned, [[100, counters(received)]]).path.phase).toBe('connecting');
    expect(relayed.phase).toBe('relayed');
  });

  it('tries again after 1, 2 and 4 s, fails after 9 s, and goes on trying', () => {
    const { path, commands } = run(assigned, every100Ms(100, 40_000, counters(silent)));
    expect(commands).toEqual([
      '1000 handshake',
      '3000 handshake',
      '7000 handshake',
      '15000 handshake',
      '31000 handshake',
    ]);
    expect(path.phase).toBe('failed');
    expect(path.phaseSinceMs).toBe(9_000);
    expect(failureOf(path)).toBe('no_answer');
  });

  it('fails without a relay session, and says so', () => {
    const { path, commands } = run(newPath(0), every100Ms(0, 9_000, counters(undefined)));
    expect(commands).toEqual([]);
    expect(failureOf(path)).toBe('no_relay');
  });

  it('never waits longer than a minute and a quarter between tries', () => {
    const { commands } = run(assigned, every100Ms(100, 1_000_000, counters(silent)), 0.999);
    const times = commands.map((command) => Number(command.split(' ')[0]));
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.max(...gaps)).toBeGreaterThan(60_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(75_100);
  });
});

describe('a path that failed', () => {
  const failed = run(assigned, every100Ms(100, 10_000, counters(silent))).path;

  it.each<[string, PathInput]>([
    ['the peer is back online', { type: 'peer_online' }],
    ['it gets another relay session', { type: 'relay', relay: otherRelay }],
    ['its relay session is confirmed', { type: 'relay', relay }],
  ])('is connecting at once when %s', (_name, input) => {
    const { path, commands } = run(failed, [[20_000, input]]);
    expect(path).toMatchObject({ phase: 'connecting', phaseSinceMs: 20_000 });
    expect(commands).toEqual(['20000 handshake']);
  });

  it('is relayed as soon as the peer gets through', () => {
    const { path } = run(failed, [[20_000, counters(alive(300))]]);
    expect(path.phase).toBe('relayed');
    expect(failureOf(path)).toBeNull();
  });
});

describe('a relayed path', () => {
  it('needs nothing while something is received', () => {
    const traffic = Array.from(
      { length: 100 },
      (_, index) => [1_000 + index * 4_000, counters(alive(400 + index))] as const,
    );
    expect(run(relayed, traffic)).toMatchObject({ path: { phase: 'relayed' }, commands: [] });
  });

  it('is probed after 1.5 s without an answer, given up 3 s later', () => {
    const unanswered = counters(alive(300, 900));
    const { path, commands } = run(relayed, every100Ms(200, 4_600, unanswered));
    expect(commands).toEqual(['1600 probe', '2600 probe', '3600 probe', '4600 handshake']);
    expect(path.phase).toBe('connecting');
  });

  it('is probed after 5 s of silence on both sides, given up before 15 s', () => {
    const { commands } = run(relayed, every100Ms(200, 9_000, counters(alive(300))));
    expect(commands).toEqual(['5100 probe', '6100 probe', '7100 probe', '8100 handshake']);
  });

  it('stays when a probe is answered', () => {
    const { path, commands } = run(relayed, [
      ...every100Ms(200, 5_200, counters(alive(300))),
      [5_300, counters(alive(380, 580))],
      ...every100Ms(5_400, 10_000, counters(alive(380, 580))),
    ]);
    expect(commands).toEqual(['5100 probe']);
    expect(path.phase).toBe('relayed');
  });

  it('is probed at once when its relay session is confirmed: the relay may be a new one', () => {
    expect(run(relayed, [[200, { type: 'relay', relay }]]).commands).toEqual(['200 probe']);
  });

  it('moves to another relay session at once', () => {
    const { path, commands } = run(relayed, [[200, { type: 'relay', relay: otherRelay }]]);
    expect(path).toMatchObject({ phase: 'connecting', relay: otherRelay });
    expect(commands).toEqual(['200 handshake']);
  });

  it('outlives the withdrawal of its relay session', () => {
    const { path, commands } = run(relayed, [[200, { type: 'relay', relay: null }]]);
    expect(path).toEqual(relayed);
    expect(commands).toEqual([]);
  });

  it('counts a reading that is missing as silence', () => {
    const { path } = run(relayed, every100Ms(200, 9_000, counters(undefined)));
    expect(path.phase).toBe('connecting');
  });
});

describe('any path, whatever happens', () => {
  const input = fc.oneof(
    fc.constantFrom<PathInput>(
      { type: 'peer_online' },
      { type: 'relay', relay },
      { type: 'relay', relay: null },
    ),
    fc.record({
      type: fc.constant('counters' as const),
      counters: fc.option(
        fc.record({
          handshakeAtMs: fc.option(fc.constant(1)),
          rxBytes: fc.nat(3),
          txBytes: fc.nat(3),
        }),
        { nil: undefined },
      ),
    }),
  );

  it('ends `connecting` within 10 s when it is looked at ten times a second', () => {
    fc.assert(
      fc.property(
        fc.array(input, { maxLength: 300 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (inputs, jitter) => {
          let path = newPath(0);
          inputs.forEach((each, index) => {
            path = stepPath(path, each, index * 100, jitter).path;
            path = stepPath(path, counters(silent), index * 100, jitter).path;
            if (path.phase === 'connecting') {
              expect(index * 100 - path.phaseSinceMs).toBeLessThan(pathTimings.connectMs);
            }
          });
        },
      ),
    );
  });

  it('configures no peer without a relay session', () => {
    fc.assert(
      fc.property(fc.array(input), (inputs) => {
        let path = newPath(0);
        inputs.forEach((each, index) => {
          const step = stepPath(path, each, index * 700, 0);
          path = step.path;
          if (step.command === 'handshake') expect(path.relay).not.toBeNull();
        });
      }),
    );
  });
});
