import { spawn, type ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { LanrageError } from '#shared/errors';
import { identifyProcess, isRunning, type ProcessIdentity } from '../process-identity';
import { missingTool, runCommand } from './command';
import type { WireGuardDevice } from './device';
import { isUapiSocketLive, UapiDevice, uapiSocketPath } from './uapi-device';
import { WgToolDevice } from './wg-tool';

/** A WireGuard interface that exists. */
export interface Link {
  readonly device: WireGuardDevice;
  /** Resolves when the interface is gone without having been closed. */
  readonly died: Promise<void>;
  close(): Promise<void>;
}

const START_LIMIT_MS = 5_000;
const START_POLL_MS = 4;
const STOP_LIMIT_MS = 1_000;

/**
 * Makes a WireGuard interface: the kernel's, or else one of wireguard-go.
 * @param onProcess told about the wireguard-go process as soon as it runs
 * @throws LanrageError PERMISSION_DENIED, WIREGUARD_MISSING, INTERFACE_FAILED
 */
export async function openLink(name: string, onProcess: (started: ProcessIdentity) => void): Promise<Link> {
  const { code, stderr } = await runCommand('ip', ['link', 'add', 'dev', name, 'type', 'wireguard']);
  if (code === 0) return kernelLink(name);
  if (/not permitted/i.test(stderr)) throw new LanrageError('PERMISSION_DENIED');
  if (/exists/i.test(stderr)) throw interfaceTaken(name);
  return startWireguardGo(name, onProcess);
}

/** Starts wireguard-go for a new interface. @throws LanrageError as {@link openLink} */
export async function startWireguardGo(
  name: string,
  onProcess: (started: ProcessIdentity) => void,
): Promise<Link> {
  const socketPath = uapiSocketPath(name);
  if (await isUapiSocketLive(socketPath)) throw interfaceTaken(name);
  // A group of its own: Ctrl-C must reach the agent alone, which says goodbye through the tunnel.
  const child = spawn('wireguard-go', ['-f', name], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = endOf(child);
  if (child.pid !== undefined) onProcess(identifyProcess(child.pid));
  const failure = await Promise.race([ended, untilSocketLives(socketPath)]);
  if (failure) {
    await stop(child, ended);
    throw failure;
  }
  let closing = false;
  return {
    device: new UapiDevice(socketPath),
    died: new Promise((resolve) => void ended.then(() => closing || resolve())),
    close: async () => {
      closing = true;
      await stop(child, ended);
    },
  };
}

/** Removes what a killed agent left of an interface. */
export async function removeLeftovers(name: string, started: ProcessIdentity | null): Promise<void> {
  if (started && isRunning(started)) {
    process.kill(started.pid, 'SIGTERM');
    for (let waitedMs = 0; waitedMs < STOP_LIMIT_MS && isRunning(started); waitedMs += 20) await delay(20);
    if (isRunning(started)) process.kill(started.pid, 'SIGKILL');
  }
  // Also ends a wireguard-go that was started just before the kill. Fails when there is no such interface.
  await runCommand('ip', ['link', 'delete', 'dev', name]);
  const socketPath = uapiSocketPath(name);
  if (!(await isUapiSocketLive(socketPath))) await rm(socketPath, { force: true });
}

function kernelLink(name: string): Link {
  return {
    device: new WgToolDevice(name),
    died: new Promise(() => undefined),
    close: async () => {
      await runCommand('ip', ['link', 'delete', 'dev', name]);
    },
  };
}

/** Resolves with why the process ended. */
function endOf(child: ChildProcess): Promise<LanrageError> {
  let complaint = '';
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => (complaint = (complaint + text).slice(-2_000)));
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(missingTool('wireguard-go', error)));
    child.on('close', () => resolve(explain(complaint)));
  });
}

function explain(complaint: string): LanrageError {
  if (/not permitted|permission denied/i.test(complaint)) return new LanrageError('PERMISSION_DENIED');
  const detail = complaint.trim().split('\n').at(-1) ?? '';
  return new LanrageError('INTERFACE_FAILED', {
    message: `wireguard-go ended${detail ? `: ${detail}` : ''}. Is /dev/net/tun there, and the interface name free?`,
  });
}

/** Resolves with undefined when the socket answers, else with the error. */
async function untilSocketLives(socketPath: string): Promise<LanrageError | undefined> {
  const deadlineMs = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadlineMs) {
    if (await isUapiSocketLive(socketPath)) return undefined;
    await delay(START_POLL_MS);
  }
  return new LanrageError('INTERFACE_FAILED', { message: 'wireguard-go did not get ready in 5 s.' });
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}

function interfaceTaken(name: string): LanrageError {
  return new LanrageError('INTERFACE_FAILED', {
    message: `There is a network interface named ${name} already. Pick another name with LANRAGE_INTERFACE.`,
  });
}
