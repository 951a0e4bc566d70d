import { leader } from '../../../../test/path-runs';
import type { Endpoint } from '#shared/endpoint';
import { newAttempt } from './attempt';
import { newPath, type PathState } from './path';
import { progressOf } from './progress';
import { connected } from './search';

const START_MS = 1_000_000;
const fresh = newPath(START_MS, leader);
const relayed: PathState = {
  ...fresh,
  phase: 'relayed',
  phaseSinceMs: START_MS + 500,
  search: connected(fresh.search, START_MS),
};
const order = { candidates: ['192.0.2.1:1' as Endpoint], isFirst: true, isNeighbour: false };
const vain = {
  outcome: 'unanswered',
  failures: 2,
  nextRequestAtMs: START_MS + 60_000,
  hasChanged: false,
  resting: [],
} as const;

describe('how a path stands', () => {
  it.each<[string, PathState, ReturnType<typeof progressOf>]>([
    ['connecting', fresh, { sinceMs: 2_000, failedAttempts: 0, nextAttemptInMs: 0 }],
    ['relayed', relayed, { sinceMs: 1_500, failedAttempts: 0, nextAttemptInMs: 3_000 }],
    [
      'after attempts in vain',
      { ...relayed, search: vain },
      { sinceMs: 1_500, failedAttempts: 2, nextAttemptInMs: 58_000 },
    ],
    [
      'during an attempt',
      { ...relayed, attempt: newAttempt(order, START_MS) },
      { sinceMs: 1_500, failedAttempts: 0, nextAttemptInMs: 0 },
    ],
    [
      'a request that is overdue',
      { ...relayed, search: { ...vain, nextRequestAtMs: START_MS } },
      { sinceMs: 1_500, failedAttempts: 2, nextAttemptInMs: 0 },
    ],
    [
      'direct: nothing is due',
      { ...relayed, phase: 'direct' },
      { sinceMs: 1_500, failedAttempts: 0, nextAttemptInMs: null },
    ],
  ])('%s', (_name, path, progress) => {
    expect(progressOf(path, START_MS + 2_000)).toEqual(progress);
  });
});
