import fc from 'fast-check';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import {
  failureOf,
  newPath,
  pathTimings,
  stepPath,
  type PathCommand,
  type PathInput,
  type PathState,
  type PeerCounters,
} from './path';

const endpoint = (text: string) => parseEndpoint(text) as Endpoint;
const relay = endpoint('192.0.2.1:52000');
const otherRelay = endpoint('192.0.2.1:52001');
const home = endpoint('203.0.113.7:40000');
const MIDDLE_JITTER = 0.5;

const silent: PeerCounters = { endpoint: null, handshakeAtMs: null, rxBytes: 0, txBytes: 148 };
const alive = (rxBytes: number, txBytes = 500, endpoint = relay): PeerCounters => ({
  endpoint,
  handshakeAtMs: 1,
  rxBytes,
  txBytes,
});
const counters = (reading: PeerCounters | undefined): PathInput => ({
  type: 'counters',
  counters: reading,
});

function textOf(command: PathCommand): string {
  if (command.type === 'flick') return ['flick', ...command.candidates, command.home].join(' ');
  if (command.type === 'point') return `point ${command.endpoint}`;
  return command.type === 'request_attempt' ? `request_attempt ${command.cause}` : command.type;
}

/** Feeds inputs at times; returns the last state, and the commands with their times. */
function run(path: PathState, inputs: readonly (readonly [number, PathInput])[], jitter = MIDDLE_JITTER) {
  const commands: string[] = [];
  for (const [nowMs, input] of inputs) {
    const step = stepPath(path, input, nowMs, jitter);
    path = step.path;
    commands.push(...step.commands.map((command) => `${nowMs} ${textOf(command)}`));
  }
  return { path, commands };
}

/** The same input every 100 ms. */
const every100Ms = (fromMs: number, toMs: number, input: PathInput) =>
  Array.from({ length: (toMs - fromMs) / 100 + 1 }, (_, index) => [fromMs + index * 100, input] as const);

const assigned = run(newPath(0), [[0, { type: 'relay', relay }]]).path;
const connected = run(assigned, [[100, counters(alive(300))]]).path;

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
    const received = { endpoint: null, handshakeAtMs: null, rxBytes: 148, txBytes: 148 };
    expect(run(assigned, [[100, counters(received)]]).path.phase).toBe('connecting');
    expect(connected.phase).toBe('relayed');
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
  const { search } = connected;
  const relayed: PathState = { ...connected, search: { ...search, nextRequestAtMs: Infinity } };

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

describe('an attempt to become direct', () => {
  const attempt: PathInput = {
    type: 'attempt',
    candidates: [home],
    isFirst: true,
    isNeighbour: false,
  };
  const trying = run(connected, [
    [200, attempt],
    [200, counters(alive(300))],
  ]);
  /** The game goes on by the relay, and a request is far away. */
  const busy = (fromMs: number, toMs: number) =>
    Array.from({ length: Math.floor((toMs - fromMs) / 100) }, (_, index) => {
      const atMs = fromMs + index * 100;
      return [atMs, counters(alive(1_000 + atMs))] as const;
    });

  it('sends to the candidates, goes on by the relay, and tells the peer', () => {
    expect(trying.commands).toEqual([`200 flick ${home} ${relay}`, '200 say_sent']);
    expect(trying.path.phase).toBe('relayed');
  });

  it('waits for the handshake', () => {
    const early = run(assigned, [
      [50, attempt],
      [80, counters(silent)],
      [100, counters(alive(300))],
      [110, counters(alive(300))],
    ]);
    expect(early.commands).toEqual([`110 flick ${home} ${relay}`, '110 say_sent']);
  });

  it('holds on to a hit, and calls it direct when another packet came from there', () => {
    const hit = run(trying.path, [[250, counters(alive(332, 600, home))]]);
    expect(hit.commands).toEqual([`250 point ${home}`, '250 probe']);
    expect(hit.path.phase).toBe('relayed');
    const proven = run(hit.path, [[280, counters(alive(380, 700, home))]]);
    expect(proven).toMatchObject({ path: { phase: 'direct', direct: home, attempt: null }, commands: [] });
  });

  it('holds on to a hit that a relayed packet draws back', () => {
    const { commands, path } = run(trying.path, [
      [250, counters(alive(332, 600, home))],
      [260, counters(alive(400, 600, relay))],
      [300, counters(alive(500, 700, home))],
    ]);
    expect(commands.slice(2)).toEqual([`260 point ${home}`, '260 probe']);
    expect(path.phase).toBe('direct');
  });

  it('gives a hit up that nothing confirms', () => {
    const nothing = Array.from(
      { length: 150 },
      (_, index) => [260 + index * 10, counters(alive(332, 600, home))] as const,
    );
    const { commands, path } = run(trying.path, [[250, counters(alive(332, 600, home))], ...nothing]);
    expect(commands).toContain(`1750 point ${relay}`);
    expect(path).toMatchObject({ phase: 'relayed', trial: null });
  });

  it('is over after 3 s, and wanted again after more than the router remembers, ever more rarely', () => {
    const { commands, path } = run(trying.path, busy(300, 200_000));
    expect(path.search.outcome).toBe('unanswered');
    const requests = commands.filter((command) => command.includes('request_attempt'));
    expect(requests).toEqual(['42600 request_attempt again', '110100 request_attempt again']);
  });

  it('is wanted again as soon as it is over when this side has become reachable elsewhere meanwhile', () => {
    const changed = [[300, { type: 'candidates_changed' }]] as const;
    const { commands } = run(trying.path, [...changed, ...busy(400, 5_000)]);
    expect(commands.filter((command) => command.includes('request_attempt'))).toEqual([
      '3300 request_attempt changed',
    ]);
  });

  it('is asked for when none was heard of, as one that the other side alone heard of is not worth waiting for', () => {
    expect(run(connected, busy(200, 8_000)).commands).toEqual(['5100 request_attempt changed']);
  });

  it('finds a peer that comes by itself', () => {
    const { path } = run(connected, [
      [200, counters(alive(332, 600, home))],
      [230, counters(alive(380, 600, home))],
    ]);
    expect(path).toMatchObject({ phase: 'direct', direct: home });
  });

  it('is not what a peer does that heard of its new relay first', () => {
    const { commands, path } = run(connected, [
      [200, counters(alive(332, 600, otherRelay))],
      [230, counters(alive(380, 600, otherRelay))],
      [240, { type: 'relay', relay: otherRelay }],
    ]);
    expect(path).toMatchObject({ phase: 'relayed', relay: otherRelay, direct: null });
    expect(commands).not.toContain('240 handshake');
  });
});

describe('a direct path', () => {
  const direct = run(connected, [
    [200, counters(alive(332, 600, home))],
    [230, counters(alive(380, 600, home))],
  ]).path;

  it('is held while relayed packets may be on the way', () => {
    const { commands, path } = run(direct, [[300, counters(alive(400, 600, relay))]]);
    expect(commands).toEqual([`300 point ${home}`, '300 probe']);
    expect(path.phase).toBe('direct');
  });

  it('ends when the peer sends by the relay', () => {
    const { commands, path } = run(direct, [[3_000, counters(alive(400, 600, relay))]]);
    expect(commands).toEqual([]);
    expect(path).toMatchObject({ phase: 'relayed', direct: null, search: { outcome: 'lost' } });
  });

  it('follows the peer', () => {
    const elsewhere = endpoint('203.0.113.8:40000');
    expect(run(direct, [[3_000, counters(alive(400, 600, elsewhere))]]).path.direct).toBe(elsewhere);
  });

  it('is given up for the relay 1 s after the first unanswered probe', () => {
    const { commands, path } = run(direct, every100Ms(300, 1_600, counters(alive(380, 900, home))));
    expect(commands).toEqual(['700 probe', '1000 probe', '1300 probe', '1600 handshake']);
    expect(path).toMatchObject({ phase: 'connecting', direct: null, search: { outcome: 'lost' } });
  });

  it('is given up within 15 s when nobody sends anything', () => {
    const { commands } = run(direct, every100Ms(300, 6_200, counters(alive(380, 600, home))));
    expect(commands).toEqual(['5300 probe', '5600 probe', '5900 probe', '6200 handshake']);
  });

  it('is looked for at once when it was steady, as late as after a failed attempt when it was not', () => {
    const lostAt = (atMs: number) => run(direct, [[atMs, counters(alive(400, 600, relay))]]).path.search;
    expect(lostAt(60_230)).toMatchObject({ hasChanged: true, failures: 0, nextRequestAtMs: 61_230 });
    expect(lostAt(60_229)).toMatchObject({ hasChanged: false, failures: 1 });
    expect(lostAt(60_229).nextRequestAtMs).toBeGreaterThan(60_229 + 31_000);
  });

  it('only takes note of another relay', () => {
    const { commands, path } = run(direct, [[3_000, { type: 'relay', relay: otherRelay }]]);
    expect(commands).toEqual([]);
    expect(path).toMatchObject({ phase: 'direct', relay: otherRelay });
  });

  it('needs no attempt', () => {
    const { path } = run(direct, [
      [3_000, { type: 'attempt', candidates: [home], isFirst: true, isNeighbour: false }],
    ]);
    expect(path.attempt).toBeNull();
  });
});

describe('after a change of the network', () => {
  it('a path is probed at once, and a direct one looked for', () => {
    const { commands } = run(connected, [
      [200, { type: 'network_changed' }],
      [300, counters(alive(400))],
      [1_200, counters(alive(500))],
    ]);
    expect(commands).toEqual(['200 probe', '1200 request_attempt changed']);
  });

  it('a path that failed is tried at once', () => {
    const failed = run(assigned, every100Ms(100, 10_000, counters(silent))).path;
    const { commands } = run(failed, [
      [10_500, { type: 'network_changed' }],
      [10_600, counters(silent)],
    ]);
    expect(commands).toEqual(['10600 handshake']);
  });
});

describe('any path, whatever happens', () => {
  const input = fc.oneof(
    fc.constantFrom<PathInput>(
      { type: 'peer_online' },
      { type: 'relay', relay },
      { type: 'relay', relay: null },
      { type: 'network_changed' },
      { type: 'candidates_changed' },
      { type: 'attempt', candidates: [home], isFirst: true, isNeighbour: false },
      { type: 'attempt', candidates: [home], isFirst: false, isNeighbour: false },
      { type: 'peer_sent' },
    ),
    fc.record({
      type: fc.constant('counters' as const),
      counters: fc.option(
        fc.record({
          endpoint: fc.constantFrom(relay, otherRelay, home, null),
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
          if (step.commands.some(({ type }) => type === 'handshake')) expect(path.relay).not.toBeNull();
        });
      }),
    );
  });
});
