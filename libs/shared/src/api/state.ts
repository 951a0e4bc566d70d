import { z } from 'zod';
import { textField } from './fields';

/** What the members of a party share, for games and tools: texts (JSON, if they like) under keys, each with a version. */
export const STATE_LIMITS = { keyCharacters: 64, partyBytes: 64 * 1024 } as const;

const keyField = textField
  .min(1)
  .refine((key) => [...key].length <= STATE_LIMITS.keyCharacters, 'a key is 1 to 64 characters')
  .refine((key) => !/\p{Cc}/u.test(key), 'a key has no control characters');

const valueField = textField.max(STATE_LIMITS.partyBytes);

export const stateEntrySchema = z.object({
  key: keyField,
  /** Absent: the key was removed. */
  value: valueField.optional(),
  /** Numbers all changes of the party's state, so that it never comes back. */
  version: z.int(),
});
export type StateEntry = z.output<typeof stateEntrySchema>;

export const writeStateRequestSchema = z.object({
  key: keyField,
  /** Absent: removes the key. */
  value: valueField.optional(),
  /** Done only if the key has this version; 0: if there is no such key. Absent: whatever it has. */
  version: z.int().min(0).optional(),
});
export type WriteStateRequest = z.output<typeof writeStateRequestSchema>;

export const partyStateSchema = z.object({
  /** The version of the last change. */
  version: z.int(),
  /** In order of their keys. */
  entries: z.array(stateEntrySchema).max(STATE_LIMITS.partyBytes),
});
export type PartyState = z.output<typeof partyStateSchema>;
