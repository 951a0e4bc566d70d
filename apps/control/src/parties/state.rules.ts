import { STATE_LIMITS, type WriteStateRequest } from '#shared/api/state';
import type { ErrorCode } from '#shared/errors';

/** What a write finds. */
export interface StateView {
  readonly isMember: boolean;
  /** Of the key; 0: there is none. */
  readonly keyVersion: number;
  /** Of all other keys and values of the party. */
  readonly otherBytes: number;
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
