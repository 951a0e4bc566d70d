import type { Candidate } from '#shared/api/party';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { decideAttempt, type AttemptQuestion } from './coordination';

const seenAt = (text: string): Candidate[] => [
  { kind: 'reflexive', endpoint: parseEndpoint(text) as Endpoint },
];
const alice = seenAt('203.0.113.1:40000');
const bob = seenAt('203.0.113.2:40000');
const moved = seenAt('203.0.113.2:40001');

const first = decideAttempt({ cause: 'observed', candidates: [alice, bob], last: null }, 0);
const again = (question: Partial<AttemptQuestion>, nowMs: number) =>
  decideAttempt(
    { cause: 'again', candidates: [alice, bob], last: first?.record ?? null, ...question },
    nowMs,
  );

describe('attempts at a direct path', () => {
  it('begin when a relay has seen both', () => {
    expect(first).toMatchObject({ record: { attempt: 1, atMs: 0 }, first: 0 });
  });

  it('take turns in who sends first', () => {
    const second = again({}, 31_000);
    expect(second).toMatchObject({ record: { attempt: 2 }, first: 1 });
    expect(again({ last: second?.record ?? null }, 62_000)).toMatchObject({
      record: { attempt: 3 },
      first: 0,
    });
  });

  it.each<[string, Partial<AttemptQuestion>, number, boolean]>([
    ['asked for too soon for a router to forget', {}, 30_999, false],
    ['asked for later', {}, 31_000, true],
    ['seen again where they were', { cause: 'observed' }, 1_000_000, false],
    ['seen elsewhere', { cause: 'observed', candidates: [alice, moved] }, 2_000, true],
    ['seen elsewhere all the time', { cause: 'observed', candidates: [alice, moved] }, 1_999, false],
    ['asked for as the network has changed', { cause: 'changed' }, 2_000, true],
    ['asked for as the network changes all the time', { cause: 'changed' }, 1_999, false],
    ['asked for from elsewhere', { candidates: [alice, moved] }, 2_000, true],
  ])('when %s', (_, question, nowMs, isDue) => {
    expect(again(question, nowMs) !== null).toBe(isDue);
  });

  it('are not begun for a pair from before a restart, unless it asks or moves', () => {
    const seen = again({ last: 'unknown', cause: 'observed' }, 0);
    expect(seen?.first).toBeNull();
    const later = { last: seen?.record ?? null };
    expect(again({ ...later, cause: 'observed' }, 60_000)).toBeNull();
    expect(again({ ...later, cause: 'observed', candidates: [alice, moved] }, 60_000)).toMatchObject({
      first: 0,
    });
    expect(again(later, 1)).toMatchObject({ record: { attempt: 1 }, first: 0 });
    expect(again({ last: 'unknown' }, 0)).toMatchObject({ first: 0 });
  });

  it('need somebody who can be reached', () => {
    expect(again({ candidates: [[], []], last: null }, 0)).toBeNull();
    expect(again({ candidates: [[], bob], last: null }, 0)).not.toBeNull();
  });
});
