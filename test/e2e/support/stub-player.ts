import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../apps/client/src/config';
import { loadIdentity } from '../../../apps/client/src/identity';
import { PartyManager } from '../../../apps/client/src/party-manager';
import { TestAgent } from './control-agent';
import { until } from './processes';
import { StubNetwork } from './stub-network';

/** A PartyManager with a state folder of its own, against a real control plane; only WireGuard is a stand-in. */
export class StubPlayer {
  readonly network: StubNetwork;
  readonly manager: PartyManager;
  readonly ended: (string | null)[] = [];

  constructor(
    readonly name: string,
    readonly server: string,
    readonly home = mkdtempSync(join(tmpdir(), 'lanrage-player-')),
  ) {
    const config = loadConfig({ home, server, nickname: name }, {});
    this.network = new StubNetwork(config);
    this.manager = new PartyManager(config, this.network);
    this.manager.on('ended', (reason) => this.ended.push(reason?.code ?? null));
  }

  static async connected(name: string, server: string): Promise<StubPlayer> {
    const player = new StubPlayer(name, server);
    await player.connect();
    return player;
  }

  async connect(): Promise<void> {
    await this.manager.initializeControl();
    await until(`${this.name} hears the server`, () => this.manager.control.connected);
  }

  get peers(): string[] {
    return (this.manager.currentParty?.getPeerList() ?? []).map(({ name }) => name);
  }

  /** Another agent of this identity, acting behind the agent's back. */
  async impostor(): Promise<TestAgent> {
    const agent = new TestAgent(this.server, this.name, Buffer.from(loadIdentity(this.home).privateKey));
    await agent.signIn();
    return agent;
  }

  async close(): Promise<void> {
    await this.manager.close();
    await rm(this.home, { recursive: true });
  }
}
