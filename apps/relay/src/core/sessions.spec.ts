import type { SocketAddress } from '#shared/endpoint';
import { End } from './end';
import type { Session } from './session';
import { Sessions } from './sessions';

/** A player on a machine of its own. */
const at = (host: number, port = 1000): SocketAddress => ({ address: `192.0.2.${host}`, port });

/** Adds a session between two hosts with the indices `10 × first host` and `10 × second host`, plus `extra`. */
function add(sessions: Sessions, hosts: [number, number], extra: number, nowMs: number, port = 1000) {
  return sessions.add(
    [new End(hosts[0] * 10 + extra, at(hosts[0], port)), new End(hosts[1] * 10 + extra, at(hosts[1], port))],
    nowMs,
  );
}

let counter = 0;

function use(session: Session | undefined, nowMs: number): void {
  session?.ends.forEach((end) => end.advance(counter++, nowMs));
}

/** Six lineages, each with one session that is in use, and the hosts 1 to 12. */
function full(): { sessions: Sessions; all: (Session | undefined)[] } {
  const sessions = new Sessions();
  const all = [1, 3, 5, 7, 9, 11].map((host) => add(sessions, [host, host + 1], 0, 0));
  all.forEach((session) => use(session, 1000));
  return { sessions, all };
}

describe('the sessions of a pair', () => {
  it('refuse a newcomer while all lineages are in use, and leave them alone', () => {
    const { sessions, all } = full();
    expect(add(sessions, [13, 14], 0, 60_999)).toBeUndefined();
    expect(sessions.size).toBe(6);
    for (const session of all) expect(session && sessions.find(session.ends[0].index)).toBe(session);
  });

  it('take from a machine that has several lineages for a newcomer, and never from two players', () => {
    const sessions = new Sessions();
    const players = add(sessions, [1, 2], 0, 0);
    use(players, 0);
    // Forgers on host 9; one that shares Bob's address; one with a second machine.
    for (let n = 1; n <= 3; n++) use(add(sessions, [9, 9], n, n, 1000 + n), n);
    use(add(sessions, [9, 2], 5, 5, 2000), 5);
    use(add(sessions, [9, 8], 6, 6, 3000), 6);
    expect(sessions.size).toBe(6);
    for (let n = 10; n < 20; n++) {
      const newcomer = add(sessions, [9, 9], n * 100, n, 4000 + n);
      use(newcomer, n);
      expect(newcomer).toBeDefined();
      expect(sessions.size).toBe(6);
    }
    expect(sessions.find(10)).toBe(players);
    expect(add(sessions, [3, 4], 0, 30)).toBeDefined();
  });

  it('name one address of a source, the freshest', () => {
    const sessions = new Sessions();
    for (const [place, port] of [1000, 2000, 3000].entries()) {
      const session = add(sessions, [1, 2], place, 0, port);
      if (session) session.confirmed = true;
      use(session, port === 2000 ? 20 : 10);
    }
    expect(sessions.addresses(1, at(9))).toEqual([at(2, 2000)]);
    expect(sessions.addresses(1, at(1, 3000))).toEqual([at(2, 3000)]);
  });

  it('replace the lineage that is not in use any more', () => {
    const { sessions, all } = full();
    all.forEach((session, place) => use(session, place === 3 ? 1000 : 30_000));
    expect(add(sessions, [13, 14], 0, 61_000)).toBeDefined();
    expect(sessions.find(70)).toBeUndefined();
    expect(sessions.find(130)).toBeDefined();
    expect(sessions.size).toBe(6);
  });

  it('give a handshake ten seconds to be used', () => {
    const sessions = new Sessions();
    [1, 3, 5, 7, 9, 11].forEach((host) => add(sessions, [host, host + 1], 0, 0));
    expect(add(sessions, [13, 14], 0, 9999)).toBeUndefined();
    expect(add(sessions, [13, 14], 0, 10_000)).toBeDefined();
  });

  it('always have room for the next session of a lineage', () => {
    const { sessions } = full();
    for (let extra = 1; extra <= 9; extra++) {
      expect(add(sessions, [1, 2], extra, 2000 + extra)).toMatchObject({ confirmed: false });
    }
    expect(sessions.size).toBe(9);
    const kept = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((extra) => sessions.find(10 + extra));
    expect(kept).toEqual([0, 7, 8, 9]);
  });

  it('inherit the confirmation of a session between the same addresses', () => {
    const sessions = new Sessions();
    const first = add(sessions, [1, 2], 0, 0);
    expect(add(sessions, [1, 2], 1, 0)?.confirmed).toBe(false);
    if (first) first.confirmed = true;
    expect(add(sessions, [1, 2], 2, 0)?.confirmed).toBe(true);
    expect(add(sessions, [1, 3], 3, 0)?.confirmed).toBe(false);
  });

  it('name addresses of confirmed sessions alone: those with this partner first, then the freshest', () => {
    const { sessions, all } = full();
    const [first, second, third] = all;
    for (const session of [first, second, third]) if (session) session.confirmed = true;
    use(first, 2000);
    use(second, 4000);
    use(third, 3000);
    expect(sessions.addresses(1, at(99))).toEqual([4, 6, 2].map((host) => at(host)));
    expect(sessions.addresses(1, at(1))).toEqual([2, 4, 6].map((host) => at(host)));
    expect(sessions.latestAddress(0)).toEqual(at(3));
    expect(sessions.isKnown(0, at(5))).toBe(true);
    expect(sessions.isKnown(1, at(5))).toBe(false);
    expect(sessions.isKnown(0, at(7))).toBe(false);
  });
});
