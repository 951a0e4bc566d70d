import { readFileSync } from 'node:fs';
import { constants, networkInterfaces } from 'node:os';
import { loadSystem } from '../../native/system';
import type { ForwarderOptions } from '../forwarder';
import { BpfForwarder } from './bpf-forwarder';
import { useCapabilities } from './capabilities';
import { BpfKernel } from './kernel';

/** ARPHRD_ETHER: packets come with Ethernet's header, on which the program relies. */
const ethernet = '1';
const { EACCES, EINVAL, ENOSYS, EPERM } = constants.errno;

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

/** Of those that have an address: others, as a bridge's ports, pass on what comes in to one that has. */
function ethernetDevices(): number[] {
  const names = Object.entries(networkInterfaces())
    .filter(([, addresses]) => addresses?.some(({ internal }) => !internal))
    .map(([name]) => name);
  const read = (name: string, file: string) => readFileSync(`/sys/class/net/${name}/${file}`, 'utf8').trim();
  return names.filter((name) => read(name, 'type') === ethernet).map((name) => Number(read(name, 'ifindex')));
}

/** Undefined for what the kernel should never say. */
function whyNot({ message, errno = 0 }: NodeJS.ErrnoException): string | undefined {
  switch (-errno) {
    case EPERM:
    case EACCES:
      return `needs CAP_BPF and CAP_NET_ADMIN: ${message}`;
    case EINVAL:
    case ENOSYS:
      return `needs Linux 6.6 or newer: ${message}`;
    default:
      return undefined;
  }
}
