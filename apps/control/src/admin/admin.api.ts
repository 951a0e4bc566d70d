import { z } from 'zod';
import {
  nameField,
  partyIdField,
  peerIdField,
  publicKeyField,
  relayIdField,
  searchField,
  timestampField,
} from '#shared/api/fields';
import { partySettingsSchema } from '#shared/api/party';
import { relayFaults } from '#shared/api/stats';
import { CURSOR_PATTERN } from '../util/pagination';

/** What the operator of a server asks of it, and sees: no address of a player, no endpoint, no content of a party. */
export const ADMIN_PATH = '/v1/admin';

export const ITEMS_PER_PAGE = 50;
export const MOST_SERVER_BANS = 10_000;

const nextCursor = z.string().nullable();
const cursor = z.string().regex(CURSOR_PATTERN).optional();

export const listPartiesQuerySchema = z.object({
  /** Part of the name, in whatever case, or the whole id. */
  search: searchField,
  /** `nextCursor` of the page before. */
  cursor,
});
export type ListPartiesQuery = z.output<typeof listPartiesQuerySchema>;

export const adminPartySchema = z.object({
  id: partyIdField,
  name: nameField,
  createdAt: timestampField,
  playerCount: z.int(),
  maxPeers: z.int(),
  hostId: peerIdField,
  /** Null: the party is empty, and this was the last one to leave. */
  hostName: nameField.nullable(),
  ownerId: peerIdField,
  settings: partySettingsSchema.omit({ discordUrl: true }),
});
export type AdminParty = z.output<typeof adminPartySchema>;

export const adminPartyPageSchema = z.object({
  /** The newest first. */
  parties: z.array(adminPartySchema),
  /** Null: this is the last page. */
  nextCursor,
});
export type AdminPartyPage = z.output<typeof adminPartyPageSchema>;

export const adminPartyDetailsSchema = adminPartySchema.extend({
  /** In order of joining. */
  members: z.array(
    z.object({
      peerId: peerIdField,
      publicKey: publicKeyField,
      name: nameField,
      joinedAt: timestampField,
      connected: z.boolean(),
    }),
  ),
});
export type AdminPartyDetails = z.output<typeof adminPartyDetailsSchema>;

export const banPlayerRequestSchema = z.object({ publicKey: publicKeyField });
export type BanPlayerRequest = z.output<typeof banPlayerRequestSchema>;

export const serverBanSchema = z.object({
  peerId: peerIdField,
  publicKey: publicKeyField,
  /** What the player was called; null when it was in no party at the time. */
  name: nameField.nullable(),
  bannedAt: timestampField,
});
export type ServerBan = z.output<typeof serverBanSchema>;

export const listBansQuerySchema = z.object({ cursor });
export type ListBansQuery = z.output<typeof listBansQuerySchema>;

export const serverBanPageSchema = z.object({
  /** The newest first. */
  bans: z.array(serverBanSchema),
  nextCursor,
});
export type ServerBanPage = z.output<typeof serverBanPageSchema>;

export const adminRelaySchema = z.object({
  id: relayIdField,
  /** Null of a relay that is to be drained and has not been in touch since the server started. */
  region: z.string().nullable(),
  /**
   * `connecting`: it has not said yet what it has open. `unproven`: it carries nobody, as what is sent to the addresses that
   * it announces does not arrive there. `away`: its link is down, which harms no game.
   */
  state: z.enum(['ready', 'connecting', 'unproven', 'away', 'dead', 'unknown']),
  /** With `unproven`: the addresses that may not be its own. */
  unproven: z.array(z.string()),
  /** To which players send; null of one that has not been in touch. */
  publicAddress: z.string().nullable(),
  /** Why players do not reach it; null: nothing is known to be wrong, or it is away. */
  fault: z.enum(relayFaults).nullable(),
  /** By whose word it takes no more pairs and gives away those that it has; null: it does not drain. */
  draining: z.enum(['operator', 'itself']).nullable(),
  pairs: z.int(),
  capacityPairs: z.int(),
  /** The next three as it reported last. */
  packetsPerSecond: z.number(),
  bytesPerSecond: z.number(),
  eventLoopDelayMs: z.number().nullable(),
});
export type AdminRelay = z.output<typeof adminRelaySchema>;

export const adminRelayListSchema = z.object({ relays: z.array(adminRelaySchema) });
export type AdminRelayList = z.output<typeof adminRelayListSchema>;

export const drainedRelaySchema = adminRelaySchema.extend({
  /** Whether another relay has room: if none has, pairs stay where they are and new ones get no relay. */
  alternative: z.boolean(),
});
export type DrainedRelay = z.output<typeof drainedRelaySchema>;
