import { z } from 'zod';
import { nameField, partyIdField } from './fields';

/** The list of public parties: what it takes to pick one, and nothing about who is in it. */
export const PARTIES_PER_PAGE = 50;

export const findPartiesQuerySchema = z.object({
  /** Part of the name, in whatever case. */
  search: z
    .string()
    .max(200)
    .default('')
    .transform((text) => text.normalize('NFC').trim()),
  /** `nextCursor` of the page before. */
  cursor: z
    .string()
    .regex(/^\d{1,15}-[0-9a-f]{12}$/)
    .optional(),
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
  parties: z.array(publicPartySchema),
  /** Null: this is the last page. */
  nextCursor: z.string().nullable(),
});
export type PartyPage = z.output<typeof partyPageSchema>;
