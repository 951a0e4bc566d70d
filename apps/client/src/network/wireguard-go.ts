import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { LanrageError } from '#shared/errors';
import { identifyProcess, isRunning } from '../process-identity';
import { runCommand } from './command';
import { missingTool, toolEnvironment, toolPath } from './tools';
import { wireGuardGoFailure } from './wireguard-go-failure';

const PROGRAM = 'wireguard-go';
/** The variable of its environment by which the agent knows its own. */
const OWNER = 'LANRAGE_HOME';
const STOP_LIMIT_MS = 1_000;
const STOP_POLL_MS = 20;
/** It fails within milliseconds, or else it runs. */
const EXPLANATION_LIMIT_MS = 1_000;

/** wireguard-go, as a child of this process. */
export interface WireGuardGo {
  /** Resolves when the process is gone, or could not be started: with why. */
  readonly ended: Promise<LanrageError | undefined>;
  stop(): Promise<void>;
}

/** Whose interface it is: of the agent with this state folder. */
export interface Owned {
  readonly name: string;
  readonly home: string;
}

/**
 * Starts wireguard-go for an interface. What it prints goes nowhere: a pipe would break when the agent is
 * killed, and wireguard-go with it (SIGPIPE); see {@link explainFailure}.
 * @throws LanrageError WIREGUARD_MISSING
 */
export function spawnWireGuardGo({ name, home }: Owned): WireGuardGo {
  // A group of its own: Ctrl-C must reach the agent alone, which says goodbye through the tunnel.
  const child = spawn(toolPath(PROGRAM), ['-f', name], {
    detached: true,
    stdio: 'ignore',
    env: toolEnvironment({ [OWNER]: home }),
  });
  const ended = new Promise<LanrageError | undefined>((resolve) => {
    child.on('error', (error) => resolve(missingTool(PROGRAM, error)));
    child.on('close', () => resolve(undefined));
  });
  return { ended, stop: () => stop(child, ended) };
}

/** Why wireguard-go does not get ready: it is run once more, as it then says the same again. */
export async function explainFailure(name: string): Promise<LanrageError> {
  const { stdout, stderr } = await runCommand(PROGRAM, ['-f', name], {
    timeoutMs: EXPLANATION_LIMIT_MS,
    environment: { LOG_LEVEL: 'error' },
  });
  const isRoot = process.geteuid?.() === 0;
  return wireGuardGoFailure(`${stderr}\n${stdout}`, { interfaceName: name, isRoot });
}

/**
 * Ends the wireguard-go that a killed agent left. No file decides who is killed: only a process of the installed
 * wireguard-go that the agent of this state folder started, for this interface, in this network namespace.
 */
export async function endOrphans(owned: Owned): Promise<void> {
  const orphans = orphansOf(owned).map(identifyProcess);
  const running = () => orphans.filter(isRunning);
  running().forEach(({ pid }) => process.kill(pid, 'SIGTERM'));
  for (let waitedMs = 0; waitedMs < STOP_LIMIT_MS && running().length > 0; waitedMs += STOP_POLL_MS)
    await delay(STOP_POLL_MS);
  running().forEach(({ pid }) => process.kill(pid, 'SIGKILL'));
}

function orphansOf(owned: Owned): number[] {
  const program = installedPath();
  if (!program) return [];
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.filter((pid) => isOwn(`/proc/${pid}`, program, owned)).map(Number);
}

/** See proc_pid_exe(5), proc_pid_cmdline(5), proc_pid_environ(5). */
function isOwn(process: string, program: string, { name, home }: Owned): boolean {
  try {
    // Marked by the kernel where the program was replaced since, by an update for one.
    const executable = readlinkSync(`${process}/exe`).replace(/ \(deleted\)$/, '');
    if (executable !== program) return false;
    const [, ...args] = readList(`${process}/cmdline`);
    return (
      args.join(' ') === `-f ${name}` &&
      readList(`${process}/environ`).includes(`${OWNER}=${home}`) &&
      readlinkSync(`${process}/ns/net`) === readlinkSync('/proc/self/ns/net')
    );
  } catch {
    // It has ended, or belongs to somebody else.
    return false;
  }
}

/** Strings that each end with a zero byte. */
function readList(path: string): string[] {
  return readFileSync(path, 'utf8').split('\0').slice(0, -1);
}

function installedPath(): string | undefined {
  try {
    return toolPath(PROGRAM);
  } catch {
    return undefined;
  }
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}
