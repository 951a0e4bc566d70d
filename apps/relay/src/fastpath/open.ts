import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Logger } from 'pino';
import type { PortRange } from '../core/port-choice';
import { FastPath } from './fast-path';
import { NftError, NftSession } from './nft';
import { Ruleset } from './ruleset';

export interface FastPathOptions {
  readonly bindAddress: string;
  readonly publicAddress: string;
  readonly ports: PortRange;
}

/** The kernel's fast path, or undefined where it cannot be had, which is said once. */
export async function openFastPath(options: FastPathOptions, log: Logger): Promise<FastPath | undefined> {
  const opened = await tryOpen(options, log);
  if (opened instanceof FastPath) {
    log.info('kernel fast path ready');
    return opened;
  }
  log.info({ reason: opened }, 'no kernel fast path, forwarding in user space');
  return undefined;
}

async function tryOpen(options: FastPathOptions, log: Logger): Promise<FastPath | string> {
  if (process.platform !== 'linux') return 'needs Linux';
  const local = localAddress(options);
  if (!local) return 'needs LANRAGE_RELAY_BIND: the local address that players reach cannot be told';
  const ruleset = new Ruleset({ local, ports: options.ports });
  if (!isForwarding(ruleset.forwardingSwitch)) return `needs 1 in ${ruleset.forwardingSwitch}`;
  const session = new NftSession();
  try {
    await session.run(ruleset.create());
    return new FastPath(session, ruleset, log);
  } catch (error) {
    await session.close();
    if (error instanceof NftError) return `needs nft and CAP_NET_ADMIN: ${error.message}`;
    throw error;
  }
}

/** The address of this machine in the packets of players; behind a 1:1 NAT it is not the public one. */
function localAddress({ bindAddress, publicAddress }: FastPathOptions): string | undefined {
  if (bindAddress !== '0.0.0.0' && bindAddress !== '::') return bindAddress;
  const family = bindAddress === '::' ? 'IPv6' : 'IPv4';
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const local = all.filter((one) => one.family === family && !one.internal).map(({ address }) => address);
  if (local.includes(publicAddress)) return publicAddress;
  return local.length === 1 ? local[0] : undefined;
}

function isForwarding(path: string): boolean {
  return readFileSync(path, 'utf8').trim() === '1';
}
