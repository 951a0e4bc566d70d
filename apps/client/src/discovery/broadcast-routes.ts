import { runCommand } from '../network/command';

/** Where games speak to everybody: all broadcasts, all groups. */
const destinations = ['255.255.255.255/32', '224.0.0.0/4'];
/** An address of no network (RFC 1112 section 4): the way there is the default route's, or that of a VPN that takes everything. */
const ELSEWHERE = '240.0.0.1';

/**
 * Keeps routes for broadcasts and multicasts by the tunnel while the machine has no default route, without which the system
 * refuses them to games, so that nothing can be carried. They end with the interface, if not before.
 */
export class BroadcastRoutes {
  private isThere = false;

  constructor(private readonly interfaceName: string) {}

  /** Makes the routes, or takes them away, as the machine is now. */
  async look(): Promise<void> {
    const code = await run(['route', 'get', ELSEWHERE]);
    // Without an answer nothing is known.
    if (code === null) return;
    if (code === 0) await this.remove();
    else await this.add();
  }

  async remove(): Promise<void> {
    if (!this.isThere) return;
    this.isThere = false;
    await this.batch('delete');
  }

  /** Makes them each time, as routes vanish when an interface is down for a moment. */
  private async add(): Promise<void> {
    this.isThere = true;
    await this.batch('replace');
  }

  private async batch(change: 'replace' | 'delete'): Promise<void> {
    const { interfaceName } = this;
    const commands = destinations.map((to) => `route ${change} ${to} dev ${interfaceName}`);
    await run(['-force', '-batch', '-'], commands.join('\n'));
  }
}

/** @returns the exit code; null when the command did not end by itself */
async function run(args: readonly string[], input = ''): Promise<number | null> {
  return runCommand('ip', args, { input }).then(
    ({ code }) => code,
    () => null,
  );
}
