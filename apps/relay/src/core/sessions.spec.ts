import type { SocketAddress } from '#shared/endpoint';
import { advance, makeEnd, type Session } from './session';
import { Sessions } from './sessions';

const at = (port: number): SocketAddress => ({ address: '192.0.2.1', port });

/** Adds a session between two ports with the indices `10 × first port` and `10 × second port`, plus `extra`. */
function add(sessions: Sessions, ports: [number, number], extra: number, nowMs: number) {
  return sessions.add(
    [makeEnd(ports[0] * 10 + extra, at(ports[0])), makeEnd(ports[1] * 10 + extra, at(ports[1]))],
    nowMs,
  );
}

function use(session: Session | undefined, nowMs: number): void {
  session?.ends.forEach((end) => advance(end, end.highestCounter + 1, nowMs));
}

/** Six lineages, each with one session that is in use, and the port numbers 1 to 12. */
function full(): { sessions: Sessions; all: (Session | undefined)[] } {
  const sessions = new Sessions();
  const all = [1, 3, 5, 7, 9, 11].map((port) => add(sessions, [port, port + 1], 0, 0));
  all.forEach((session) => use(session, 1000));
  return { sessions, all };
}

describe('the sessions of a pair', () => {
  it('refuse a newcomer while all lineages are in use, and leave them alone', () => {
    const { sessions, all } = full();
    expect(add(sessions, [13, 14], 0, 60_999)).toBeUndefined();
    expect(sessions.size).toBe(6);
    for (const session of all)
      expect(session && sessions.route(session.ends[0].index)?.session).toBe(session);
  });

  it('replace the lineage that is not in use any more', () => {
    const { sessions, all } = full();
    all.forEach((session, place) => use(session, place === 3 ? 1000 : 30_000));
    expect(add(sessions, [13, 14], 0, 61_000)).toBeDefined();
    expect(sessions.route(70)).toBeUndefined();
    expect(sessions.route(130)).toBeDefined();
    expect(sessions.size).toBe(6);
  });

  it('give a handshake ten seconds to be used', () => {
    const sessions = new Sessions();
    [1, 3, 5, 7, 9, 11].forEach((port) => add(sessions, [port, port + 1], 0, 0));
    expect(add(sessions, [13, 14], 0, 9999)).toBeUndefined();
    expect(add(sessions, [13, 14], 0, 10_000)).toBeDefined();
  });

  it('always have room for the next session of a lineage', () => {
    const { sessions } = full();
    for (let extra = 1; extra <= 9; extra++) {
      expect(add(sessions, [1, 2], extra, 2000 + extra)).toMatchObject({ confirmed: false });
    }
    expect(sessions.size).toBe(9);
    const kept = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((extra) => sessions.route(10 + extra));
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
    expect(sessions.addresses(1, at(99)).map(({ port }) => port)).toEqual([4, 6, 2]);
    expect(sessions.addresses(1, at(1)).map(({ port }) => port)).toEqual([2, 4, 6, 2]);
    expect(sessions.latestAddress(0)).toEqual(at(3));
    expect(sessions.isKnown(0, at(5))).toBe(true);
    expect(sessions.isKnown(1, at(5))).toBe(false);
    expect(sessions.isKnown(0, at(7))).toBe(false);
  });
});
