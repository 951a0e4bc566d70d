import { once } from 'node:events';
import { join } from 'node:path';
import { PartyAgent } from '../../e2e/support/party-agent';
import type { Host } from '../../lab/host';
import { Lab } from '../../lab/lab';

/** What the server says, see hostile-server.mjs. */
export interface Lies {
  readonly ownAddress: string;
  readonly members: readonly { readonly virtualIp: string; readonly relay: string | null }[];
  readonly stunEndpoints: readonly string[];
}

const PORT = 8_080;
const script = join(__dirname, '../../e2e/support/hostile-server.mjs');

/** A player at home, with the agent as it is installed, and a server on the Internet that lies to it. */
export class HostileServerLab {
  private readonly agents: PartyAgent[] = [];

  private constructor(
    readonly lab: Lab,
    private readonly server: Host,
    readonly player: Host,
  ) {}

  static async create(): Promise<HostileServerLab> {
    const lab = await Lab.create();
    return new HostileServerLab(
      lab,
      await lab.publicHost('mallory'),
      await lab.hostBehind('bob', 'port_restricted'),
    );
  }

  /** Has the agent join a party of a server with these lies; what it thinks of them does not matter. */
  async joinLies(lies: Lies): Promise<void> {
    const argv = [process.execPath, script, String(PORT), JSON.stringify(lies)];
    const server = this.server.spawn(argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await once(server, 'message');
    const url = `http://${this.server.address}:${PORT}`;
    const agent = await PartyAgent.start(this.player, { url }, { LANRAGE_PORT_MAPPING: 'off' });
    this.agents.push(agent);
    await agent.join('0123456789ab').catch(() => undefined);
  }

  async close(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.stop()));
    await this.lab.close();
  }
}
