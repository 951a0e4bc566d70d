import fc from 'fast-check';
import {
  alive,
  assigned,
  connected,
  counters,
  every100Ms,
  heardAt,
  home,
  leader,
  otherRelay,
  relay,
  run,
  silent,
} from '../../../../test/path-runs';
import { failureOf, newPath, pathTimings, stepPath, type PathInput, type PathState } from './path';

describe('a path that is being connected', () => {
  it('forces a handshake as soon as there is a relay session', () => {
    const { path, commands } = run(newPath(0, leader), [
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
    expect(commands.filter((command) => !command.includes('request'))).toEqual([
      '1000 doubt',
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

  it('fails sooner where it is known that no relay will carry it, and heals all the same', () => {
    const hopeless = run(assigned, [[10, { type: 'prospect', isHopeless: true }]]).path;
    const { path } = run(hopeless, every100Ms(100, 4_000, counters(silent)));
    expect(path).toMatchObject({ phase: 'failed', phaseSinceMs: 3_300 });
    expect(run(path, [[5_000, counters(alive(5_000))]]).path.phase).toBe('relayed');
    const mended = run(hopeless, [[3_000, { type: 'prospect', isHopeless: false }]]).path;
    expect(run(mended, every100Ms(3_100, 8_900, counters(silent))).path.phase).toBe('connecting');
  });

  it('fails without a relay session, and says so', () => {
    const { path, commands } = run(newPath(0, leader), every100Ms(0, 9_000, counters(undefined)));
    expect(commands).toEqual(['2000 request_attempt changed']);
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
    const unanswered = counters(alive(300, 800));
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
  /** The game goes on via the relay, and a request is far away. */
  const busy = (fromMs: number, toMs: number) =>
    Array.from({ length: Math.floor((toMs - fromMs) / 100) }, (_, index) => {
      const atMs = fromMs + index * 100;
      return [atMs, counters(alive(1_000 + atMs))] as const;
    });

  it('sends to the candidates, goes on via the relay, which it measures, and tells the peer', () => {
    expect(trying.commands).toEqual(['200 probe', `200 flick ${home} ${relay}`, '200 say_sent']);
    expect(trying.path.phase).toBe('relayed');
    const { path } = run(trying.path, [[260, { type: 'answered', endpoint: relay, roundTripMs: 60 }]]);
    expect(path.relayMs).toBe(60);
  });

  it('waits for the handshake', () => {
    const early = run(assigned, [
      [50, attempt],
      [80, counters(silent)],
      [100, counters(alive(300))],
      [110, counters(alive(300))],
    ]);
    expect(early.commands).toEqual(['110 probe', `110 flick ${home} ${relay}`, '110 say_sent']);
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
  const direct = run(connected, [[230, heardAt(home, 30, alive(380, 600, home))]]).path;

  it('is held while relayed packets may be on the way', () => {
    const { commands, path } = run(direct, [[300, counters(alive(400, 600, relay))]]);
    expect(commands).toEqual([`300 point ${home}`, '300 probe']);
    expect(path.phase).toBe('direct');
  });

  it('ends when the peer sends via the relay', () => {
    const { commands, path } = run(direct, [[3_000, counters(alive(400, 600, relay))]]);
    expect(commands).toEqual([]);
    expect(path).toMatchObject({ phase: 'relayed', direct: null, search: { outcome: 'lost' } });
  });

  it('is given up for the relay when something is sent, and three probes are not answered', () => {
    const readings = Array.from({ length: 31 }, (_, index) => 240 + 10 * index);
    const unanswered = counters(alive(380, 900, home));
    const { commands, path } = run(
      direct,
      readings.map((atMs) => [atMs, unanswered] as const),
    );
    expect(commands.slice(0, 5)).toEqual(['330 probe', '400 probe', '470 probe', '540 handshake']);
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
});

describe('after a change of the network', () => {
  it('a path is probed at once, and a direct one looked for', () => {
    const { commands } = run(connected, [
      [200, { type: 'network_changed' }],
      [300, counters(alive(400))],
      [400, { type: 'answered', endpoint: relay, roundTripMs: 60 }],
      [1_200, counters(alive(500))],
    ]);
    expect(commands).toEqual(['200 probe', '1200 request_attempt changed']);
  });

  it("a peer that sends via the relay again is met there by a handshake of one's own", () => {
    const direct = run(connected, [[230, heardAt(home, 30, alive(380, 600, home))]]).path;
    const byRelay = (atMs: number) =>
      run(direct, [
        [2_000, { type: 'network_changed' }],
        [atMs, counters(alive(900))],
      ]);
    expect(byRelay(2_300)).toMatchObject({ path: { phase: 'connecting' } });
    expect(byRelay(2_300).commands).toContain('2300 handshake');
    // Later, answers leave by the network that there is.
    expect(byRelay(9_000)).toMatchObject({ path: { phase: 'relayed' } });
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
      { type: 'checked', nonce: Buffer.alloc(8), counters: alive(1, 1, home) },
      heardAt(home, 30, alive(1, 1, home)),
      heardAt(otherRelay, 90, alive(1, 1)),
      { type: 'answered', endpoint: home, roundTripMs: 90 },
      { type: 'answered', endpoint: relay, roundTripMs: 60 },
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
          let path = newPath(0, leader);
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

  it('makes no handshake by a relay without a relay session', () => {
    fc.assert(
      fc.property(fc.array(input), (inputs) => {
        let path = newPath(0, leader);
        inputs.forEach((each, index) => {
          const step = stepPath(path, each, index * 700, 0);
          path = step.path;
          if (step.commands.some(({ type }) => type === 'handshake')) expect(path.relay).not.toBeNull();
        });
      }),
    );
  });
});
