/** A game that nobody reaches, though the way to its machine is fine: what the doctor says, with real firewalls. */
import type { ChildProcess } from 'node:child_process';
import { askAgent } from '../../apps/client/src/agent/local-client';
import { portFindings } from '../../apps/client/src/doctor/port-findings';
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { LabPlayer } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { end, until } from './support/processes';

const PORT = 25_565;
/** As players have it who once followed a guide: answers come in, and nothing else. */
const dropsStrangers = `
table inet filter {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto icmp accept
    iifname "eth0" udp dport 1-65535 accept
    iifname "eth0" tcp dport 22 accept
  }
}`;

describeLab('a game that nobody reaches', () => {
  let lab: Lab;
  let server: LabServer;
  let alice: LabPlayer;
  let bob: LabPlayer;
  let game: ChildProcess | undefined;

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.startControl(await lab.publicHost('server'));
    alice = await LabPlayer.at(await lab.publicHost('alice'), server.url);
    bob = await LabPlayer.at(await lab.publicHost('bob'), server.url);
    const { party } = await bob.create('Hosted');
    await alice.join(party.id);
    await alice.reaches(await bob.virtualIp());
  }, 120_000);

  afterAll(async () => {
    await Promise.all([alice, bob].map((player) => player?.stop()));
    await server?.stop();
    await lab?.close();
    await Promise.all([alice, bob].map((player) => player?.removeHome()));
  }, 60_000);

  /** Bob's game server, in place of the one before. */
  async function startGame(address: string): Promise<void> {
    await end(game, 'SIGKILL');
    const script = `require('net').createServer().listen(${PORT}, '${address}', () => process.send('up'))`;
    game = bob.host.spawn([process.execPath, '-e', script], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await new Promise((resolve) => game?.once('message', resolve));
  }

  /** What Alice's doctor says of Bob's port. */
  const findings = async () =>
    portFindings(await askAgent(alice.home, 'diagnose', { peer: 'Bob', port: PORT }));
  const finding = async () => (await findings())[0];

  it('has not been started', async () => {
    expect(await finding()).toMatchObject({ code: 'game_port_no_listener', peer: { name: 'Bob' } });
  }, 60_000);

  it.each([
    ['127.0.0.1', 'game_port_loopback'],
    ['the address of the home network', 'game_port_elsewhere'],
    ['0.0.0.0', 'game_port_open'],
  ])(
    'listens on %s: %s',
    async (address, code) => {
      await startGame(/^\d/.test(address) ? address : bob.host.address);
      expect(await finding()).toMatchObject({ code });
    },
    60_000,
  );

  it('is behind the firewall of its machine, which lets the agents speak: both doctors say so, and how to mend it', async () => {
    await bob.host.exec(['nft', '-f', '-'], { input: dropsStrangers });
    const own = (await bob.findings()).find(({ code }) => code === 'firewall_closed');
    // It has spoken to Alice's agent for that, so that she is answered.
    expect((await alice.findings('Bob', '--port', String(PORT))).slice(0, 2)).toEqual([
      expect.objectContaining({ code: 'game_port_firewalled', severity: 'problem' }),
      expect.objectContaining({ code: 'direct_internet', severity: 'ok' }),
    ]);
    const command = /sudo (nft insert [^:.]*)\./.exec(own?.advice ?? '')?.[1];
    expect((await bob.host.exec(command?.split(' ') ?? [])).code).toBe(0);
    await until('the advice helps', async () => (await finding())?.code === 'game_port_open');
    expect((await bob.findings()).map(({ code }) => code)).not.toContain('firewall_closed');
  }, 60_000);

  it('says nothing more to a member who asks for port after port', async () => {
    await end(game, 'SIGKILL');
    const told = async () => (await findings())[0]?.advice ?? '';
    await until('Bob has had enough', async () => (await told()).includes('asked too often'), {
      timeoutMs: 30_000,
    });
    expect(bob.logs).toContain('asked about a port');
  }, 60_000);
});
