import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { attemptTimings, newAttempt, stepAttempt, stepKnocks, withoutWaiting, type Attempt } from './attempt';

const neighbour = parseEndpoint('192.168.1.7:40000') as Endpoint;
const stranger = parseEndpoint('203.0.113.7:40000') as Endpoint;

/** When it sends where, looked at every 10 ms. */
function run(attempt: Attempt, untilMs = 5_000, stepOnce = stepAttempt) {
  const flicks: string[] = [];
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 10) {
    const step = stepOnce(attempt, nowMs);
    attempt = step.attempt;
    if (step.isOver) return { flicks, overAtMs: nowMs };
    flicks.push(...step.flick.map((endpoint) => `${nowMs} ${endpoint}`));
  }
  return { flicks, overAtMs: undefined };
}

describe('an attempt', () => {
  it('sends in ever longer intervals for 3 s, to the local network once', () => {
    expect(
      run(newAttempt({ candidates: [neighbour, stranger], isFirst: true, isNeighbour: false }, 0)),
    ).toEqual({
      flicks: [
        `0 ${neighbour}`,
        `0 ${stranger}`,
        ...[100, 250, 500, 1_000, 1_750, 2_500].map((atMs) => `${atMs} ${stranger}`),
      ],
      overAtMs: 3_000,
    });
  });

  it('tries the local network alone at first with somebody behind the same address', () => {
    const order = {
      candidates: [neighbour, stranger],
      isFirst: true,
      isNeighbour: true,
    };
    const { flicks } = run(newAttempt(order, 0));
    const alone = [`0 ${neighbour}`, `100 ${neighbour}`];
    expect(flicks.slice(0, 4)).toEqual([...alone, `250 ${neighbour}`, `250 ${stranger}`]);
    const lone = { ...order, candidates: [stranger] };
    expect(run(newAttempt(lone, 0)).flicks[0]).toBe(`0 ${stranger}`);
  });

  it('knocks without a session: each candidate is the last of a round in turn, and the other side is 250 ms away', () => {
    const candidates = [neighbour, stranger];
    const order = { candidates, isFirst: true, isNeighbour: false };
    const { flicks } = run(newAttempt(order, 0), 5_000, stepKnocks);
    expect(flicks.slice(0, 4)).toEqual([
      `0 ${neighbour}`,
      `0 ${stranger}`,
      `500 ${stranger}`,
      `500 ${neighbour}`,
    ]);
    const other = run(newAttempt({ ...order, isFirst: false }, 0), 5_000, stepKnocks);
    expect(other.flicks).toHaveLength(flicks.length);
    expect(other.flicks[0]).toBe(`250 ${neighbour}`);
    expect(run(newAttempt({ ...order, candidates: [] }, 0), 5_000, stepKnocks).flicks).toEqual([]);
  });

  it('waits when it is the second side', () => {
    const { flicks, overAtMs } = run(
      newAttempt({ candidates: [stranger], isFirst: false, isNeighbour: false }, 0),
    );
    expect(flicks[0]).toBe(`250 ${stranger}`);
    expect(overAtMs).toBe(attemptTimings.secondWaitsMs + 3_000);
  });

  it('waits no longer once the other side has sent', () => {
    const waiting = newAttempt({ candidates: [stranger], isFirst: false, isNeighbour: false }, 0);
    expect(run(withoutWaiting(waiting, 40)).flicks[0]).toBe(`40 ${stranger}`);
  });

  it('does not start over when the other side sends again', () => {
    const { attempt } = stepAttempt(
      newAttempt({ candidates: [stranger], isFirst: true, isNeighbour: false }, 0),
      0,
    );
    expect(withoutWaiting(attempt, 100)).toBe(attempt);
  });

  it('makes up for no round that was missed', () => {
    const late = stepAttempt(
      newAttempt({ candidates: [stranger], isFirst: true, isNeighbour: false }, 0),
      1_200,
    );
    expect(late.flick).toEqual([stranger]);
    expect(stepAttempt(late.attempt, 1_300).flick).toEqual([]);
  });

  it('without candidates waits for the other side to come', () => {
    expect(run(newAttempt({ candidates: [], isFirst: true, isNeighbour: false }, 0))).toEqual({
      flicks: [],
      overAtMs: 3_000,
    });
  });
});
