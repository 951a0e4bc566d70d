import { z } from 'zod';
import { partyIdField } from '#shared/api/fields';

/** What stands for a party in the path of a request. */
export const partyPath = z.object({ partyId: partyIdField });
export type PartyPath = z.output<typeof partyPath>;
