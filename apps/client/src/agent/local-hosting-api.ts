import { z } from 'zod';
import { writeStateRequestSchema, type PartyState, type StateEntry } from '#shared/api/state';
import type { BanList } from '#shared/api/hosting';

/** What hosts, owners and those who share something ask of their agent. `peer`, `host`, `owner`: a name, an id or a virtual IP. */
export const hostingApiSchemas = {
  change: z.object({
    name: z.string().optional(),
    maxPeers: z.int().min(2).optional(),
    locked: z.boolean().optional(),
    public: z.boolean().optional(),
    persistent: z.boolean().optional(),
    /** null: none any more; like the link. */
    password: z.string().nullable().optional(),
    discordUrl: z.string().nullable().optional(),
    host: z.string().optional(),
    owner: z.string().optional(),
  }),
  rename: z.object({ name: z.string() }),
  kick: z.object({ peer: z.string() }),
  ban: z.object({ peer: z.string() }),
  unban: z.object({ peer: z.string() }),
  bans: z.object({}),
  close: z.object({ partyId: z.string().optional() }),
  readState: z.object({}),
  writeState: writeStateRequestSchema,
} as const;

/** @typeParam Status the party after it, as `status` shows it */
export interface HostingAnswers<Status> {
  change: Status;
  rename: Status;
  kick: Status;
  ban: Status;
  unban: null;
  bans: BanList;
  close: null;
  readState: PartyState;
  writeState: StateEntry;
}
