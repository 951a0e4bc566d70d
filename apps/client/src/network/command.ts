import { execFile, type ExecFileException } from 'node:child_process';
import { missingTool, toolEnvironment, toolPath } from './tools';

export interface CommandResult {
  /** null when it was killed, by its time-out for one. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Written to the command's stdin, which is then closed. */
  readonly input?: string;
  readonly timeoutMs?: number;
  /** Added to the environment that all tools get. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Who runs it; the agent's own user when absent. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

const COMMAND_LIMIT_MS = 5_000;
/** The routing tables of some machines have ten thousands of entries. */
const MOST_OUTPUT_BYTES = 32 * 1_024 * 1_024;

/** Runs a system tool to its end. A failing command is a result. @throws LanrageError WIREGUARD_MISSING without it */
export async function runCommand(
  command: string,
  args: readonly string[],
  { input = '', timeoutMs = COMMAND_LIMIT_MS, environment, user }: CommandOptions = {},
): Promise<CommandResult> {
  const env = toolEnvironment(environment);
  const options = { timeout: timeoutMs, env, maxBuffer: MOST_OUTPUT_BYTES, ...user };
  const path = toolPath(command);
  return new Promise((resolve, reject) => {
    const child = execFile(path, args, options, (error, stdout, stderr) => {
      if (typeof error?.code === 'string') return reject(missingTool(command, error));
      resolve({ code: error ? exitCodeOf(error) : 0, stdout, stderr });
    });
    // A command that ends early does not read its input.
    child.stdin?.on('error', () => undefined).end(input);
  });
}

function exitCodeOf({ code }: ExecFileException): number | null {
  return typeof code === 'number' ? code : null;
}
