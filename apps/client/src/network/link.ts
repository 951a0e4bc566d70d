import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { runCommand } from './command';
import type { WireGuardDevice } from './device';
import { isUapiSocketLive, UapiDevice, uapiSocketPath } from './uapi-device';
import { WgToolDevice } from './wg-tool';
import { endOrphans, explainFailure, spawnWireGuardGo, type Owned } from './wireguard-go';
import { interfaceTaken, rightsMissing } from './wireguard-go-failure';

/** A WireGuard interface that exists. */
export interface Link {
  readonly device: WireGuardDevice;
  /** Resolves when the interface is gone without having been closed. */
  readonly died: Promise<void>;
  close(): Promise<void>;
}

const START_LIMIT_MS = 5_000;
const START_POLL_MS = 4;

/** Whether this kernel was found to be without WireGuard, which is not asked again. */
let kernelHasNone = false;

/**
 * Makes a WireGuard interface: the kernel's, or else one of wireguard-go.
 * @throws LanrageError PERMISSION_DENIED, WIREGUARD_MISSING, INTERFACE_FAILED
 */
export async function openLink(owned: Owned): Promise<Link> {
  const { name } = owned;
  if (kernelHasNone) return startWireguardGo(owned);
  const commands = [`link add dev ${name} type wireguard`, `link set dev ${name} alias ${aliasOf(owned)}`];
  const { code, stderr } = await runCommand('ip', ['-batch', '-'], { input: commands.join('\n') });
  if (code === 0) return kernelLink(name);
  if (/not permitted/i.test(stderr)) throw rightsMissing(process.geteuid?.() === 0, firstLine(stderr));
  if (/exists/i.test(stderr)) throw interfaceTaken(name);
  kernelHasNone = /unknown device type/i.test(stderr);
  return startWireguardGo(owned);
}

/** Starts wireguard-go for a new interface. @throws LanrageError as {@link openLink} */
export async function startWireguardGo(owned: Owned): Promise<Link> {
  const { name } = owned;
  const socketPath = uapiSocketPath(name);
  if (await isUapiSocketLive(socketPath)) throw interfaceTaken(name);
  const program = spawnWireGuardGo(owned);
  const isReady = await Promise.race([program.ended.then(() => false), untilSocketLives(socketPath)]);
  if (!isReady) {
    await program.stop();
    throw (await program.ended) ?? (await explainFailure(name));
  }
  let closing = false;
  return {
    device: new UapiDevice(socketPath),
    died: new Promise((resolve) => void program.ended.then(() => closing || resolve())),
    close: async () => {
      closing = true;
      await program.stop();
    },
  };
}

/** Removes what a killed agent left of an interface, and nothing that another program made. */
export async function removeLeftovers(owned: Owned): Promise<void> {
  const { name } = owned;
  await endOrphans(owned);
  if (await isOwnKernelLink(owned)) await runCommand('ip', ['link', 'delete', 'dev', name]);
  const socketPath = uapiSocketPath(name);
  if (!(await isUapiSocketLive(socketPath))) await rm(socketPath, { force: true });
}

/** What ip(8) says of a device, as far as it matters here. */
const deviceSchema = z.tuple([
  z.object({ ifalias: z.string().optional(), linkinfo: z.object({ info_kind: z.string() }) }),
]);

/** The interface of wireguard-go ends with its process. */
async function isOwnKernelLink(owned: Owned): Promise<boolean> {
  const { name } = owned;
  const { code, stdout } = await runCommand('ip', ['-json', '-details', 'link', 'show', 'dev', name]);
  if (code !== 0) return false;
  const { success, data } = deviceSchema.safeParse(JSON.parse(stdout));
  return success && data[0].ifalias === aliasOf(owned) && data[0].linkinfo.info_kind === 'wireguard';
}

/** Tells an interface of the kernel that the agent of this state folder made from all others. */
function aliasOf({ home }: Owned): string {
  return `lanrage-${createHash('sha256').update(home).digest('hex').slice(0, 16)}`;
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

/** Whether the socket answers in time. */
async function untilSocketLives(socketPath: string): Promise<boolean> {
  const deadlineMs = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadlineMs) {
    if (await isUapiSocketLive(socketPath)) return true;
    await delay(START_POLL_MS);
  }
  return false;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
