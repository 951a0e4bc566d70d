import { execFile, type ExecFileException } from 'node:child_process';
import { LanrageError } from '#shared/errors';

export interface CommandResult {
  /** null when it was killed, by its time-out for one. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const COMMAND_LIMIT_MS = 5_000;
/** Debian's, where the name differs from the tool's. */
const packages: Record<string, string> = { ip: 'iproute2', wg: 'wireguard-tools', ping: 'iputils-ping' };

/** Runs a system tool to its end. A failing command is a result. @throws LanrageError WIREGUARD_MISSING without it */
export function runCommand(command: string, args: readonly string[], input = ''): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { timeout: COMMAND_LIMIT_MS }, (error, stdout, stderr) => {
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

export function missingTool(command: string, cause: Error): LanrageError {
  return new LanrageError('WIREGUARD_MISSING', {
    message: `The command "${command}" was not found. Install it: apt-get install ${packages[command] ?? command}`,
    cause,
  });
}
