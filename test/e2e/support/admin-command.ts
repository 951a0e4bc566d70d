import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Result } from './command-line';
import { collectOutput, root } from './processes';

export const ADMIN_TOKEN = 'the-token-of-whoever-runs-this-server';
export const adminProgram = join(root, 'bin/lanrage-admin.mjs');

/** Runs the compiled `lanrage-admin` command on this machine to its end. */
export async function administrate(
  server: string,
  args: readonly string[],
  settings: NodeJS.ProcessEnv = {},
): Promise<Result> {
  const child = spawn(process.execPath, [adminProgram, ...args], {
    env: { ...process.env, LANRAGE_SERVER: server, LANRAGE_ADMIN_TOKEN: ADMIN_TOKEN, ...settings },
  });
  const output = collectOutput(child);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, ...output };
}
