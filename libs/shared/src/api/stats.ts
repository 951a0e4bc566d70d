import { z } from 'zod';
import { relayIdField } from './fields';

/**
 * Why players do not reach a relay:
 *
 * - `unproven`: the server's own datagrams do not arrive where it says that it is, and it carries nobody.
 * - `unreached`: none of the agents that asked it there of late got an answer.
 * - `private_address`: players of other networks cannot send there, and nobody has got an answer yet.
 */
export const relayFaults = ['unproven', 'unreached', 'private_address'] as const;
export type RelayFault = (typeof relayFaults)[number];

/** A relay that players do not reach where it says that it is. */
export const faultyRelaySchema = z.object({
  id: relayIdField,
  publicAddress: z.string(),
  fault: z.enum(relayFaults),
  /** Agents that asked it of late. */
  askedBy: z.int(),
  /** Those of them that got an answer. */
  reachedBy: z.int(),
});
export type FaultyRelay = z.output<typeof faultyRelaySchema>;

/** How much is going on at a server, in numbers alone. */
export const serverStatsSchema = z.object({
  /** Parties with somebody in them. */
  parties: z.int(),
  /** Members of these. */
  players: z.int(),
  /** Relays in touch that will stay. */
  relays: z.array(z.object({ region: z.string(), count: z.int() })),
  relayFaults: z.array(faultyRelaySchema).default([]),
});
export type ServerStats = z.output<typeof serverStatsSchema>;
