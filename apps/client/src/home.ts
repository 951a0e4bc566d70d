import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';

/** The files of an agent's state folder. */
export function homePaths(home: string) {
  return {
    identity: join(home, 'identity.key'),
    /** Which party the server believes this agent to be in. */
    membership: join(home, 'membership.json'),
    /** What this agent needs to check who is in a party, by party. */
    partyKeys: join(home, 'party-keys.json'),
    /** What this agent changed on the machine. */
    journal: join(home, 'journal.json'),
    lock: join(home, 'agent.lock'),
    socket: join(home, 'agent.sock'),
  };
}

/** Makes the folder, readable by its owner alone. */
export function makeHome(home: string): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
}

/** A small JSON document that a `kill -9` at any moment leaves whole, old or new. */
export class JsonFile<Schema extends z.ZodType> {
  constructor(
    private readonly path: string,
    private readonly schema: Schema,
  ) {}

  /** The document; undefined when there is none, or none of this shape. */
  read(): z.output<Schema> | undefined {
    try {
      return this.schema.safeParse(JSON.parse(readFileSync(this.path, 'utf8'))).data;
    } catch (error) {
      if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT')
        return undefined;
      throw error;
    }
  }

  write(value: z.output<Schema>): void {
    const temporary = `${this.path}.${process.pid}`;
    writeFileSync(temporary, `${JSON.stringify(value)}\n`, { mode: 0o600 });
    renameSync(temporary, this.path);
  }

  delete(): void {
    rmSync(this.path, { force: true });
  }
}
