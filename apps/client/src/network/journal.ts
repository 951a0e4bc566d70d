import { z } from 'zod';
import { JsonFile } from '../home';
import { processIdentitySchema } from '../process-identity';

/**
 * What the agent changed on the machine, written down before it is done, so that the next start can undo it after a
 * `kill -9`. Address and route go with the interface; the agent's own socket is covered by its lock.
 */
const journalSchema = z.object({
  interface: z.string(),
  /** The wireguard-go process; null for a kernel interface, and in the moment before it is started. */
  process: processIdentitySchema.nullable(),
});

export function openJournal(path: string) {
  return new JsonFile(path, journalSchema);
}

export type Journal = ReturnType<typeof openJournal>;
