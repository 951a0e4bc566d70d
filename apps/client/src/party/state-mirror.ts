/** What the members of a party share, as far as this agent knows it. Pure. */
import type { PartyState, StateEntry } from '#shared/api/state';

export interface StateMirror {
  /** The version of the last change that is in it. */
  readonly version: number;
  readonly entries: ReadonlyMap<string, StateEntry>;
  /** Changes that were heard of before one that they follow. */
  readonly early: readonly StateEntry[];
}

export interface MirrorStep {
  readonly mirror: StateMirror;
  /** What is new, in the order of versions. */
  readonly changes: readonly StateEntry[];
}

/** A server that lets a change be missing, and sends ever new ones, fills no memory: the state is read anew anyway. */
const MOST_EARLY = 64;

/** A change was heard of, by an event or as the answer to a write; one that is known already means nothing. */
export function withChange(mirror: StateMirror, change: StateEntry): MirrorStep {
  const isKnown =
    change.version <= mirror.version || mirror.early.some(({ version }) => version === change.version);
  if (isKnown) return { mirror, changes: [] };
  return settled({ ...mirror, early: [...mirror.early, change].slice(-MOST_EARLY) });
}

/**
 * The state was read. Its changes since the mirror are the newest of each key; a key that is gone meanwhile has the version of
 * the state, as its own is not known.
 */
export function withState(before: StateMirror, { version, entries }: PartyState): MirrorStep {
  const read = { version, entries: new Map(entries.map((entry) => [entry.key, entry])) };
  if (version < before.version) return { mirror: before, changes: [] };
  const written = entries.filter((entry) => entry.version > before.version).sort(byVersion);
  const gone = [...before.entries.keys()].filter((key) => !read.entries.has(key));
  const removed = gone.map((key): StateEntry => ({ key, version }));
  const { mirror, changes } = settled({ ...read, early: before.early });
  return { mirror, changes: [...written, ...removed, ...changes] };
}

/** As the server tells it. */
export function stateOf({ version, entries }: StateMirror): PartyState {
  const inOrder = [...entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  return { version, entries: inOrder };
}

/** Takes in what is early no more. */
function settled({ version, entries, early }: StateMirror): MirrorStep {
  const after = new Map(entries);
  const changes: StateEntry[] = [];
  const waiting = early.filter((change) => change.version > version).sort(byVersion);
  while (waiting[0]?.version === version + changes.length + 1) {
    const change = waiting.shift() as StateEntry;
    if (change.value === undefined) after.delete(change.key);
    else after.set(change.key, change);
    changes.push(change);
  }
  return { mirror: { version: version + changes.length, entries: after, early: waiting }, changes };
}

function byVersion(a: StateEntry, b: StateEntry): number {
  return a.version - b.version;
}
