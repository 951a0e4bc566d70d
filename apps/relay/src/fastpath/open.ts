import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Logger } from 'pino';
import type { PortRange } from '../core/port-choice';
import { openBpf } from './bpf/open';
import { isWildcard } from '../udp/wildcard';
import { FastPath } from './fast-path';
import type { Forwarder, ForwarderOptions } from './forwarder';
import { openNft, openNftUnlessFirewalled } from './nft/open';

/** By a program of our own in the kernel where that can be had, else by nftables; or by nftables alone. */
export type FastPathKind = 'auto' | 'nftables';

export interface FastPathOptions {
  readonly bindAddress: string;
  readonly publicAddress: string;
  readonly ports: PortRange;
}

/** @returns what forwards in the kernel, or why it cannot be had */
type OpenForwarder = (options: ForwarderOptions) => Promise<Forwarder | string>;

const ways: Record<FastPathKind, readonly (readonly [name: string, open: OpenForwarder])[]> = {
  auto: [
    ['BPF', openBpf],
    ['nftables', openNftUnlessFirewalled],
  ],
  nftables: [['nftables', openNft]],
};

/** The kernel's fast path, or undefined where it cannot be had, which is said once. */
export async function openFastPath(
  kind: FastPathKind,
  options: FastPathOptions,
  log: Logger,
): Promise<FastPath | undefined> {
  const forwarderOptions = forwarderOptionsOf(options);
  if (typeof forwarderOptions === 'string') return doWithout([forwarderOptions], log);
  const reasons: string[] = [];
  for (const [by, open] of ways[kind]) {
    const forwarder = await open(forwarderOptions);
    if (typeof forwarder !== 'string') {
      log.info({ by, ...(reasons.length > 0 && { reasons }) }, 'kernel fast path ready');
      return new FastPath(forwarder, log, localAddress(options));
    }
    reasons.push(`${by}: ${forwarder}`);
  }
  return doWithout(reasons, log);
}

function doWithout(reasons: readonly string[], log: Logger): undefined {
  log.info({ reasons }, 'no kernel fast path, forwarding in user space');
}

function forwarderOptionsOf({ ports, bindAddress }: FastPathOptions): ForwarderOptions | string {
  if (process.platform !== 'linux') return 'needs Linux';
  const isIpv6 = bindAddress.includes(':');
  const path = `/proc/sys/net/${isIpv6 ? 'ipv6/conf/all/forwarding' : 'ipv4/ip_forward'}`;
  return isForwarding(path) ? { isIpv6, ports } : `needs 1 in ${path}`;
}

/** Some containers may not even read this. */
function isForwarding(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').trim() === '1';
  } catch {
    return false;
  }
}

/**
 * What players send to, where the sockets do not say it; behind a 1:1 NAT it is not the public one. Undefined where it cannot be
 * told.
 */
function localAddress({ bindAddress, publicAddress }: Omit<FastPathOptions, 'ports'>): string | undefined {
  if (!isWildcard(bindAddress)) return bindAddress;
  const family = bindAddress === '::' ? 'IPv6' : 'IPv4';
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const local = all.filter((one) => one.family === family && !one.internal).map(({ address }) => address);
  if (local.includes(publicAddress)) return publicAddress;
  return local.length === 1 ? local[0] : undefined;
}
