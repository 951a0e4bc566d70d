import { STATE_LIMITS, type WriteStateRequest } from '#shared/api/state';
import type { ErrorCode } from '#shared/errors';

/** What a write finds. */
export interface StateView {
  readonly isMember: boolean;
  /** The version of the key that is written; 0: there is none. */
  readonly keyVersion: number;
  /** The bytes of all other keys and values of the party. */
  readonly otherBytes: number;
  /** All of them hear of the write. */
  readonly members: number;
}

/**
 * What it costs to tell all members of a write, in points: one for each of them, and one more for each begun kilobyte that
 * it gets. The largest value to the largest party is 17,152.
 */
export function costOfTelling({ members }: Pick<StateView, 'members'>, bytes: number): number {
  return members * (1 + Math.ceil(bytes / 1000));
}

/** Why may this not be written? Null: it may. */
export function refusalOfWrite(
  view: StateView,
  { key, value, version }: WriteStateRequest,
): ErrorCode | null {
  if (!view.isMember) return 'PARTY_NOT_FOUND';
  if (version !== undefined && version !== view.keyVersion) return 'STATE_CONFLICT';
  const bytes = value === undefined ? 0 : Buffer.byteLength(key) + Buffer.byteLength(value);
  return bytes > 0 && view.otherBytes + bytes > STATE_LIMITS.partyBytes ? 'STATE_FULL' : null;
}
