import { z } from 'zod';
import { nameField, partyIdField, searchField } from './fields';

/** The list of public parties: what it takes to pick one, and nothing about who is in it. */
export const PARTIES_PER_PAGE = 50;

const cursorField = z.string().regex(/^\d{1,15}-[0-9a-f]{12}$/);

export const findPartiesQuerySchema = z.object({
  /** Part of the name, in whatever case. */
  search: searchField,
  /** `nextCursor` of the page before. */
  cursor: cursorField.optional(),
});
export type FindPartiesQuery = z.output<typeof findPartiesQuerySchema>;

export const publicPartySchema = z.object({
  id: partyIdField,
  name: nameField,
  playerCount: z.int(),
  maxPeers: z.int(),
  hasPassword: z.boolean(),
});
export type PublicParty = z.output<typeof publicPartySchema>;

export const partyPageSchema = z.object({
  /** The newest first. */
  parties: z.array(publicPartySchema).max(PARTIES_PER_PAGE),
  /** Null: this is the last page. */
  nextCursor: cursorField.nullable(),
});
export type PartyPage = z.output<typeof partyPageSchema>;
