import { existsSync, readFileSync } from 'node:fs';
import { constants, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { loadSystem } from '#runtime/native/system';
import type { ForwarderOptions } from '../forwarder';
import { BpfForwarder } from './bpf-forwarder';
import { useCapabilities } from './capabilities';
import { BpfKernel } from './kernel';

/** ARPHRD_ETHER: packets come with Ethernet's header, on which the program relies. */
const ethernet = '1';
const { EACCES, EINVAL, ENOSYS, EPERM } = constants.errno;
const needs = [
  { what: 'CAP_BPF and CAP_NET_ADMIN', errors: [EPERM, EACCES] },
  { what: 'Linux 6.6 or newer', errors: [EINVAL, ENOSYS] },
];

/** @returns why it cannot be had, otherwise */
export async function openBpf(options: ForwarderOptions): Promise<BpfForwarder | string> {
  const system = await loadSystem();
  if (typeof system === 'string') return system;
  useCapabilities(system);
  const devices = ethernetDevices();
  if (devices.length === 0) return 'needs an Ethernet device';
  try {
    return new BpfForwarder(new BpfKernel(system), { ...options, devices });
  } catch (error) {
    const reason = whyNot(error as NodeJS.ErrnoException);
    if (reason) return reason;
    throw error;
  }
}

/** The Ethernet devices that have an address: others, as a bridge's ports, pass on what comes in to one that has. */
function ethernetDevices(): number[] {
  const names = Object.entries(networkInterfaces())
    .filter(([, addresses]) => addresses?.some(({ internal }) => !internal))
    // An address may have a label, by which it is listed: eth0:1.
    .map(([name]) => name.replace(/:.*/, ''));
  return [...new Set(names)].flatMap((name) => {
    const folder = `/sys/class/net/${name}`;
    if (!existsSync(folder)) return [];
    const read = (file: string) => readFileSync(join(folder, file), 'utf8').trim();
    return read('type') === ethernet ? [Number(read('ifindex'))] : [];
  });
}

/** Undefined for what the kernel did not say. */
function whyNot({ message, errno }: NodeJS.ErrnoException): string | undefined {
  if (errno === undefined) return undefined;
  const needed = needs.find(({ errors }) => errors.includes(-errno));
  return needed ? `needs ${needed.what}: ${message}` : message;
}
