import { z } from 'zod';
import {
  discordUrlField,
  nameField,
  partyIdField,
  passwordField,
  peerIdField,
  timestampField,
} from './fields';
import { PARTY_SIZE_LIMITS } from './rest';

/** What hosts and owners ask of the control plane. Answers are the events that the members get, see signaling.ts. */

/** Absent: stays as it is. */
export const changePartyRequestSchema = z.object({
  name: nameField.optional(),
  /** Above the server's limit: PARTY_TOO_LARGE. All members stay, also above the new size. */
  maxPeers: z.int().min(PARTY_SIZE_LIMITS.least).max(PARTY_SIZE_LIMITS.most).optional(),
  locked: z.boolean().optional(),
  public: z.boolean().optional(),
  /** Null: none any more. */
  password: passwordField.nullable().optional(),
  discordUrl: discordUrlField.nullable().optional(),
  /** A member that is to be host. */
  hostId: peerIdField.optional(),
  /** For the owner alone, like the next one. */
  persistent: z.boolean().optional(),
  /** A member that is to be owner. */
  ownerId: peerIdField.optional(),
});
export type ChangePartyRequest = z.output<typeof changePartyRequestSchema>;

/** The body of `kick`, `ban` and `unban`. */
export const moderationRequestSchema = z.object({ peerId: peerIdField });
export type ModerationRequest = z.output<typeof moderationRequestSchema>;

export const MOST_BANS = 500;

export const banListSchema = z.object({
  /** The newest first. */
  bans: z
    .array(
      z.object({
        peerId: peerIdField,
        /** What the player was called; null when it was not in the party at the time. */
        name: nameField.nullable(),
        bannedAt: timestampField,
      }),
    )
    .max(MOST_BANS),
});
export type BanList = z.output<typeof banListSchema>;

export const MOST_OWNED = 1_000;

/** The persistent parties of one owner, which is in one of them at most. */
export const ownedPartiesSchema = z.object({
  /** The newest first. */
  parties: z
    .array(
      z.object({
        id: partyIdField,
        name: nameField,
        playerCount: z.int(),
        maxPeers: z.int(),
        createdAt: timestampField,
        /** Since when nobody has been in it; null: somebody is. */
        emptySince: timestampField.nullable(),
      }),
    )
    .max(MOST_OWNED),
  /** How many the server allows. */
  most: z.int(),
});
export type OwnedParties = z.output<typeof ownedPartiesSchema>;
