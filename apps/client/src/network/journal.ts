import { z } from 'zod';
import { interfaceNameField } from '../config';
import { JsonFile } from '../home';

/**
 * What the agent changed on the machine, written down before it is done, so that the next start can undo it after a
 * `kill -9`. Everything else follows from the interface's name: address and route go with it, the table of the guard is
 * named after it, and its wireguard-go is looked for. The agent's own socket is covered by its lock.
 */
const journalSchema = z.object({ interface: interfaceNameField });

export function openJournal(path: string) {
  return new JsonFile(path, journalSchema);
}

export type Journal = ReturnType<typeof openJournal>;
