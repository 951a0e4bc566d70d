import type { StateEntry } from '#shared/api/state';
import { stateOf, withChange, withState, type StateMirror } from './state-mirror';

const entry = (key: string, version: number, value: string | undefined = `${key}${version}`): StateEntry =>
  value === undefined ? { key, version } : { key, value, version };
const gone = (key: string, version: number): StateEntry => ({ key, version });
const mirrorOf = (version: number, ...entries: StateEntry[]): StateMirror => ({
  version,
  entries: new Map(entries.map((one) => [one.key, one])),
  early: [],
});

describe('the mirror of the shared state', () => {
  const mirror = mirrorOf(4, entry('a', 2), entry('b', 4));

  /** Takes them in one after the other. */
  function after(...heard: StateEntry[]) {
    let now = mirror;
    const changes: StateEntry[] = [];
    for (const change of heard) {
      const step = withChange(now, change);
      now = step.mirror;
      changes.push(...step.changes);
    }
    return { state: stateOf(now), changes, early: now.early };
  }

  it.each<[string, StateEntry[], StateEntry[], StateEntry[]]>([
    ['a new key', [entry('c', 5)], [entry('a', 2), entry('b', 4), entry('c', 5)], [entry('c', 5)]],
    ['another value', [entry('a', 5)], [entry('a', 5), entry('b', 4)], [entry('a', 5)]],
    ['a removal', [gone('a', 5)], [entry('b', 4)], [gone('a', 5)]],
    ['what it knows', [entry('a', 4, 'old')], [entry('a', 2), entry('b', 4)], []],
    [
      'the answer to a write, before the change that it follows',
      [entry('a', 6), entry('b', 5), entry('a', 6)],
      [entry('a', 6), entry('b', 5)],
      [entry('b', 5), entry('a', 6)],
    ],
  ])('takes in %s', (_what, heard, entries, changes) => {
    expect(after(...heard)).toEqual({
      state: { version: changes.at(-1)?.version ?? 4, entries },
      changes,
      early: [],
    });
  });

  it('waits for a change that is missing', () => {
    expect(after(entry('a', 6))).toMatchObject({
      state: stateOf(mirror),
      changes: [],
      early: [entry('a', 6)],
    });
  });

  it('is not filled by changes that never follow on', () => {
    expect(after(...Array.from({ length: 1_000 }, (_, index) => entry('a', 6 + index))).early).toHaveLength(
      64,
    );
  });

  it('learns from a reading what changed meanwhile, in order, and what is gone', () => {
    const read = { version: 8, entries: [entry('b', 7), entry('c', 6)] };
    const { mirror: now, changes } = withState(mirror, read);
    expect(changes).toEqual([entry('c', 6), entry('b', 7), gone('a', 8)]);
    expect(stateOf(now)).toEqual({ version: 8, entries: [entry('b', 7), entry('c', 6)] });
  });

  it('goes on from a reading with what was heard since', () => {
    const early = [entry('a', 6), entry('c', 9)];
    const { mirror: now, changes } = withState(
      { ...mirror, early },
      { version: 8, entries: [entry('b', 7)] },
    );
    expect(changes).toEqual([entry('b', 7), gone('a', 8), entry('c', 9)]);
    expect(now).toMatchObject({ version: 9, early: [] });
  });

  it('knows better than a reading that was overtaken', () => {
    expect(withState(mirror, { version: 3, entries: [] })).toEqual({ mirror, changes: [] });
  });
});
