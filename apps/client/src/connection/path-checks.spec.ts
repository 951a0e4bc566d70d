import {
  alive,
  assigned,
  connected,
  counters,
  endpoint,
  follower,
  heardAt,
  home,
  relay,
  run,
} from '../../../../test/path-runs';
import type { PathInput, PathState } from './path';

const tunnel = endpoint('10.9.0.2:40000');
const elsewhere = endpoint('203.0.113.8:40000');
const nonce = Buffer.alloc(8, 7);
const checkedFrom = (at: typeof relay): PathInput => ({
  type: 'checked',
  nonce,
  counters: alive(400, 600, at),
});
const attempt = (...candidates: (typeof relay)[]): PathInput => ({
  type: 'attempt',
  candidates,
  isFirst: true,
  isNeighbour: false,
});
const answeredIn = (roundTripMs: number, at = relay): PathInput => ({
  type: 'answered',
  endpoint: at,
  roundTripMs,
});

describe('a way to the peer', () => {
  it('is answered, and checked back, when a check has come directly', () => {
    const { commands, path } = run(connected, [[200, checkedFrom(home)]]);
    expect(commands).toEqual([`200 answer_check ${home} ${relay}`]);
    expect(path.phase).toBe('relayed');
  });

  it('is checked back only until the peer has said that it hears this side: two sides do not check each other forever', () => {
    const slow = [200, heardAt(tunnel, 151, alive(400))] as const;
    const { commands } = run({ ...connected, relayMs: 60 }, [
      slow,
      [300, checkedFrom(tunnel)],
      [500, counters(alive(500, 600, tunnel))],
    ]);
    expect(commands).toEqual([`300 answer_check ${tunnel} ${relay} only`, `500 point ${relay}`]);
  });

  it('says nothing to a check that has come via the relay: it says nothing of the way', () => {
    expect(run(connected, [[200, checkedFrom(relay)]]).commands).toEqual([]);
  });

  it('is taken when the peer hears this side there and is heard from there, in either order', () => {
    const heardFirst = run(connected, [
      [200, heardAt(home, 30, alive(400))],
      [210, checkedFrom(home)],
    ]);
    expect(heardFirst.commands).toEqual([`210 point ${home}`, '210 say_heard']);
    const cameFirst = run(connected, [
      [200, counters(alive(400, 600, home))],
      [240, heardAt(home, 40, alive(500))],
    ]);
    expect(cameFirst.commands).toEqual([`200 flick ${home} ${relay}`, `240 point ${home}`]);
    for (const { path } of [heardFirst, cameFirst])
      expect(path).toMatchObject({ phase: 'direct', direct: home });
  });

  it('draws no traffic as long as it carries packets in one direction only', () => {
    const drawn = Array.from(
      { length: 20 },
      (_, index) => [200 + 20 * index, counters(alive(400 + index, 600, home))] as const,
    );
    const { commands, path } = run(connected, drawn);
    expect(path.phase).toBe('relayed');
    // Each reading has the traffic return to the relay.
    expect(commands).toHaveLength(drawn.length);
    for (const command of commands) expect(command).toMatch(new RegExp(`(flick .*|point) ${relay}$`));
    expect(run(connected, [[200, heardAt(home, 30, alive(400))]]).path.phase).toBe('relayed');
  });

  it.each([
    ['heard', heardAt(home, 30, alive(400))],
    ['come from', counters(alive(400, 600, home))],
  ])('rests when it was only %s, longer each time, until something changes', (_, only) => {
    const tried = (path: PathState, atMs: number) =>
      run(path, [
        [atMs, attempt(home, elsewhere)],
        [atMs + 10, counters(alive(300))],
        [atMs + 20, only],
        [atMs + 3_100, counters(alive(500))],
        [atMs + 3_200, counters(alive(600))],
      ]);
    const first = tried(connected, 200);
    expect(first.commands.join()).toContain(`flick ${home} ${elsewhere} ${relay}`);
    expect(first.path.search).toMatchObject({ outcome: 'one_way' });
    const triedAt = (atMs: number, path = first.path) => tried(path, atMs).commands.join();
    expect(triedAt(300_000)).not.toContain(`flick ${home} ${elsewhere}`);
    expect(triedAt(310_000)).toContain(`flick ${home} ${elsewhere}`);
    const again = tried(first.path, 310_000).path;
    expect(triedAt(900_000, again)).not.toContain(`flick ${home} ${elsewhere}`);
    expect(triedAt(920_000, again)).toContain(`flick ${home} ${elsewhere}`);
    const { path: elsewhereNow } = run(first.path, [[5_000, { type: 'network_changed' }]]);
    expect(triedAt(6_000, elsewhereNow)).toContain(`flick ${home} ${elsewhere}`);
  });

  it('is not taken when the relay is faster, which is said', () => {
    const slow = run(connected, [
      [200, attempt(tunnel)],
      [210, counters(alive(300))],
      [270, answeredIn(60)],
      [370, heardAt(tunnel, 151, alive(400, 600, tunnel))],
      [3_300, counters(alive(500))],
    ]);
    expect(slow.path).toMatchObject({ phase: 'relayed', search: { outcome: 'slower' } });
    const hardly = run(connected, [
      [270, answeredIn(60)],
      [370, heardAt(tunnel, 74, alive(400, 600, tunnel))],
    ]);
    expect(hardly.path.phase).toBe('direct');
  });

  it('is left to the side that leads when it is a little slower than the relay, and followed then', () => {
    const known = { ...connected, ...follower, relayMs: 60 };
    const proven = [200, heardAt(tunnel, 70, alive(400, 600, tunnel))] as const;
    const drawn = (rxBytes: number) => counters(alive(rxBytes, 600, tunnel));
    expect(run({ ...known, leads: true }, [proven]).path.phase).toBe('direct');
    expect(run(known, [proven]).path.phase).toBe('relayed');
    const checks = [
      proven,
      [210, counters(alive(410))],
      [310, drawn(420)],
      [320, counters(alive(430))],
      [420, drawn(440)],
    ] as const;
    expect(run(known, checks).path.phase).toBe('relayed');
    const traffic = [proven, [230, drawn(410)], [310, drawn(420)]] as const;
    expect(run(known, traffic).path).toMatchObject({ phase: 'direct', direct: tunnel });
  });

  it('is nothing to who wants no direct paths', () => {
    const shy = { ...connected, seeksDirect: false };
    const { commands, path } = run(shy, [
      [200, checkedFrom(home)],
      [210, counters(alive(400, 600, home))],
      [220, heardAt(home, 1, alive(500, 600, home))],
      [230, { type: 'peer_sent' }],
      [240, attempt(home)],
      [5_200, counters(alive(900, 600, home))],
    ]);
    expect(path.phase).toBe('relayed');
    expect(commands).toEqual([]);
    const { path: early } = run({ ...assigned, seeksDirect: false }, [
      [100, counters(alive(300, 500, home))],
    ]);
    expect(early.phase).toBe('relayed');
  });
});

describe('a direct path among several', () => {
  const direct = run(connected, [[200, heardAt(tunnel, 80, alive(400, 600, tunnel))]]).path;
  const following = { ...direct, ...follower };

  it('gives way to a faster one, where this side leads', () => {
    const faster = heardAt(home, 30, alive(500, 700, home));
    expect(run(direct, [[300, faster]])).toMatchObject({
      path: { direct: home },
      commands: [`300 point ${home}`],
    });
    expect(run(following, [[300, faster]]).path.direct).toBe(tunnel);
  });

  it('stays when another one is hardly faster', () => {
    expect(run(direct, [[300, heardAt(home, 72, alive(500, 700, home))]]).path.direct).toBe(tunnel);
  });

  it('follows the side that leads, once its packets keep coming from elsewhere and it hears this side there', () => {
    const { path, commands } = run(following, [
      [300, counters(alive(500, 700, home))],
      [330, heardAt(home, 30, alive(510, 700, home))],
      [420, counters(alive(520, 700, home))],
    ]);
    expect(commands[0]).toBe(`300 flick ${home} ${tunnel}`);
    expect(path.direct).toBe(home);
  });

  it('is not left for one packet that comes late by another way', () => {
    const { path } = run(following, [
      [300, counters(alive(500, 700, home))],
      [310, counters(alive(510, 700, tunnel))],
      [330, heardAt(home, 30, alive(520, 700, tunnel))],
      ...Array.from(
        { length: 40 },
        (_, index) => [340 + 20 * index, counters(alive(530 + index, 700, tunnel))] as const,
      ),
    ]);
    expect(path.direct).toBe(tunnel);
  });

  it('follows a peer that is elsewhere now: the old way does not answer any more', () => {
    const { path } = run(direct, [
      [300, counters(alive(500, 700, elsewhere))],
      [340, heardAt(elsewhere, 90, alive(510, 700))],
      [400, counters(alive(520, 700, elsewhere))],
      [600, counters(alive(530, 700, elsewhere))],
    ]);
    expect(path).toMatchObject({ phase: 'direct', direct: elsewhere });
  });

  it('looks for a better one now and then, and tries all but itself', () => {
    const busy = Array.from(
      { length: 400 },
      (_, index) => [300 + 100 * index, counters(alive(500 + index, 700, tunnel))] as const,
    );
    const { commands, path } = run(direct, busy);
    expect(commands.filter((command) => command.includes('request'))).toHaveLength(1);
    const again = run(path, [
      [41_000, attempt(tunnel, home)],
      [41_010, counters(alive(2_000, 700, tunnel))],
    ]);
    expect(again.commands).toContain(`41010 flick ${home} ${tunnel}`);
    expect(run(following, busy).commands.join()).not.toContain('request');
  });

  it('gives way to the relay when it has become slower', () => {
    const known = { ...direct, relayMs: 60 };
    const slow = Array.from(
      { length: 31 },
      (_, index) => [300 + 1_000 * index, answeredIn(200, tunnel)] as const,
    );
    const { path, commands } = run(known, slow);
    expect(path).toMatchObject({ phase: 'connecting', search: { outcome: 'slower' } });
    expect(commands).toEqual(['30300 handshake']);
    expect(run({ ...known, relayMs: null }, slow).path.phase).toBe('direct');
    const once = [12_400, answeredIn(50, tunnel)] as const;
    expect(run(known, [...slow.slice(0, 13), once, ...slow.slice(13)]).path.phase).toBe('direct');
  });
});
