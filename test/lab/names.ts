/** What names hosts of the lab know: `ip netns exec` gives a namespace its own /etc/hosts and /etc/resolv.conf. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from './host';

/** Addresses of either family, by name. */
export type Names = Readonly<Record<string, readonly string[]>>;

/** The host knows these names by itself, for whatever starts there from now on. */
export async function writeHosts(host: Host, names: Names): Promise<void> {
  const lines = Object.entries(names).flatMap(([name, addresses]) =>
    addresses.map((address) => `${address} ${name}\n`),
  );
  await writeFile(join(await filesOf(host), 'hosts'), lines.join(''));
}

/** A DNS server on the router of an IPv6 host's LAN, which the host asks from now on. */
export class NameServer {
  private constructor(private readonly child: ChildProcess) {}

  static async start(host: Host, names: Names): Promise<NameServer> {
    const { homeRouter, lan } = host;
    if (!homeRouter || !lan?.ipv6Prefix) throw new Error(`${host.name} is on no LAN with IPv6`);
    const address = `${lan.ipv6Prefix}::1`;
    const argv = [process.execPath, join(__dirname, 'name-server.mjs'), address, JSON.stringify(names)];
    const child = homeRouter.spawn(argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    if (child.stdout) await once(child.stdout, 'data');
    await writeFile(join(await filesOf(host), 'resolv.conf'), `nameserver ${address}\n`);
    return new NameServer(child);
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill();
    await ended;
  }
}

/** See cleanup.ts, which removes them. */
async function filesOf({ namespace }: Host): Promise<string> {
  const directory = join('/etc/netns', namespace);
  await mkdir(directory, { recursive: true });
  return directory;
}
