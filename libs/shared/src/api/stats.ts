import { z } from 'zod';

/** How much is going on at a server, in numbers alone. */
export const serverStatsSchema = z.object({
  /** Parties with somebody in them. */
  parties: z.int(),
  /** Members of these. */
  players: z.int(),
  /** Relays in touch that will stay. */
  relays: z.array(z.object({ region: z.string(), count: z.int() })),
});
export type ServerStats = z.output<typeof serverStatsSchema>;
