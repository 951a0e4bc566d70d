import { z } from 'zod';
import { bytesField, timestampField } from './fields';

/** Invites: what a host asks of the control plane. The link itself is made by its agent, see party/invite.ts. */

export const INVITE_LIMITS = {
  /** That may be good at the same time, for each party. */
  live: 64,
  leastSeconds: 60,
  mostSeconds: 30 * 86_400,
  mostUses: 1000,
} as const;
const SECRET_HASH_BYTES = 32;

export const inviteIdField = z.string().regex(/^[0-9a-f]{8}$/);

export const makeInviteRequestSchema = z.object({
  /** See {@link hashInviteSecret}; the secret itself comes from the player who joins. */
  secretHash: bytesField(SECRET_HASH_BYTES),
  expiresInSeconds: z.int().min(INVITE_LIMITS.leastSeconds).max(INVITE_LIMITS.mostSeconds),
  /** How many may join by it; null: any number. */
  maxUses: z.int().min(1).max(INVITE_LIMITS.mostUses).nullable(),
});
export type MakeInviteRequest = z.output<typeof makeInviteRequestSchema>;

export const inviteSchema = z.object({
  id: inviteIdField,
  createdAt: timestampField,
  expiresAt: timestampField,
  /** How many have joined by it. */
  uses: z.int(),
  maxUses: z.int().nullable(),
});
export type Invite = z.output<typeof inviteSchema>;

/** Those that are still good, the newest first. */
export const inviteListSchema = z.object({ invites: z.array(inviteSchema).max(INVITE_LIMITS.live) });
export type InviteList = z.output<typeof inviteListSchema>;
