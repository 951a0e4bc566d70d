import { z } from 'zod';
import {
  bytesField,
  discordUrlField,
  endpointField,
  nameField,
  networkField,
  passwordField,
  peerIdField,
  publicKeyField,
  timestampField,
} from './fields';
import { DEFAULT_NETWORK } from '../party/virtual-ip';
import { INVITE_SECRET_BYTES } from '../party/invite';
import { presenceSchema, voucherField } from './party';

/** Bodies of the REST API, version 1. Paths: see docs/protocol.md, or /docs on a running server. */

export const challengeRequestSchema = z.object({ publicKey: publicKeyField });
export type ChallengeRequest = z.output<typeof challengeRequestSchema>;

export const CHALLENGE_LIFETIME_SECONDS = 60;

export const challengeSchema = z.object({
  challengeId: z.string().min(1).max(64),
  /** The server's ephemeral X25519 key for this challenge alone. */
  serverPublicKey: publicKeyField,
  nonce: bytesField(32),
  expiresAt: timestampField,
});

export const tokenRequestSchema = z.object({
  challengeId: z.string().min(1).max(64),
  proof: bytesField(32),
});
export type TokenRequest = z.output<typeof tokenRequestSchema>;

export const tokenGrantSchema = z.object({
  token: z.string().max(2048),
  peerId: peerIdField,
  expiresAt: timestampField,
});

export const PARTY_SIZE_LIMITS = { least: 2, most: 64_769 } as const;

export const createPartyRequestSchema = z.object({
  name: nameField,
  /** The creator's display name. */
  peerName: nameField,
  /** Absent: the server's default. Above the server's limit: PARTY_TOO_LARGE. */
  maxPeers: z.int().min(PARTY_SIZE_LIMITS.least).max(PARTY_SIZE_LIMITS.most).optional(),
  presence: presenceSchema.optional(),
  /** Those who join have to know it. */
  password: passwordField.optional(),
  locked: z.boolean().default(false),
  public: z.boolean().default(false),
  persistent: z.boolean().default(false),
  sealed: z.boolean().default(false),
  discordUrl: discordUrlField.nullable().default(null),
  voucher: voucherField.optional(),
  /** The network of the members' addresses; it never changes. */
  network: networkField.default(DEFAULT_NETWORK),
});
export type CreatePartyRequest = z.output<typeof createPartyRequestSchema>;

export const joinPartyRequestSchema = z.object({
  /** The joiner's display name. */
  peerName: nameField,
  presence: presenceSchema.optional(),
  password: passwordField.optional(),
  /** The agent takes up a stay again that its player did not end: refused if the host has ended it. */
  resume: z.boolean().default(false),
  /** The secret of an invite link. */
  invite: bytesField(INVITE_SECRET_BYTES).optional(),
  voucher: voucherField.optional(),
});
export type JoinPartyRequest = z.output<typeof joinPartyRequestSchema>;

const MOST_RELAYS = 1_000;
/** How many STUN endpoints one relay may have. */
export const MOST_STUN_ENDPOINTS = 8;

/** What an agent wants to know of a server before it signs in. */
export const serverInfoSchema = z.object({
  version: z.string().max(64),
  relays: z
    .array(
      z.object({
        id: z.string().max(64),
        region: z.string().max(32),
        stunEndpoints: z.array(endpointField).max(MOST_STUN_ENDPOINTS),
      }),
    )
    .max(MOST_RELAYS),
});
export type ServerInfo = z.output<typeof serverInfoSchema>;

/** The body of every answer with a status of 400 or more. `code` is one of errors.ts, or newer than this client. */
export const errorBodySchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    retryAfterSeconds: z.number().optional(),
  }),
});
export type ErrorBody = z.output<typeof errorBodySchema>;
