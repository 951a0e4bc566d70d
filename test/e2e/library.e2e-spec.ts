import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import type { Host } from '../lab/host';
import { LabServer } from './support/lab-server';
import { collectOutput, root, until } from './support/processes';

describeLab('a program that uses the library', () => {
  let lab: Lab;
  let server: LabServer;
  let alice: Host;
  let bob: Host;
  const homes = new Map<Host, string>();

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server'));
    alice = await lab.hostBehind('alice', 'port_restricted');
    bob = await lab.hostBehind('bob', 'open');
    for (const host of [alice, bob]) homes.set(host, await mkdtemp(join(tmpdir(), 'lanrage-library-')));
  }, 60_000);

  afterAll(async () => {
    await server?.stop();
    await lab?.close();
    for (const home of homes.values()) await rm(home, { recursive: true });
  }, 30_000);

  const settings = (host: Host, url = server.url) => ({
    LANRAGE_SERVER: url,
    LANRAGE_HOME: homes.get(host),
    LANRAGE_INTERFACE: host.interfaceName,
    LANRAGE_NICKNAME: host.name,
  });

  const run = (url: string, ...args: string[]) =>
    alice.exec([process.execPath, join(__dirname, 'library-script.mjs'), ...args], {
      env: settings(alice, url),
      timeoutMs: 20_000,
    });

  it('ends by itself after leaving and cleanup, and lets the next one in', async () => {
    for (let round = 0; round < 2; round++) {
      const { code, stdout, stderr } = await run(server.url);
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'Script on\ncleaned up\n', stderr: '' });
    }
    expect(await readdir(homes.get(alice) ?? '')).not.toContain('agent.lock');
  }, 60_000);

  it('ends by itself after close(), also when there was no server', async () => {
    const { code, stdout } = await run(`http://${server.host.address}:9`, 'offline');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'CONTROL_UNAVAILABLE\nclosed\n' });
  }, 60_000);

  it('meets a friend as in the example, and has the state folder for itself', async () => {
    const example = [process.execPath, join(root, 'examples/party.mjs')];
    const first = alice.spawn(example, { env: settings(alice), stdio: ['ignore', 'pipe', 'pipe'] });
    const output = collectOutput(first);
    const id = await until('the party is open', () => /^Party ID: ([0-9a-f]{12})$/m.exec(output.stdout)?.[1]);

    const second = await alice.exec(example, { env: settings(alice), timeoutMs: 20_000 });
    expect(second).toMatchObject({ code: 1, stderr: expect.stringMatching(/^AGENT_ALREADY_RUNNING: /) });

    const friend = await bob.exec([...example, id], { env: settings(bob), timeoutMs: 20_000 });
    expect(friend).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^Test Party, /) });
    expect(await until('the first one ends', () => first.exitCode ?? undefined)).toBe(0);
    expect(output.stderr).toBe('');
    expect(output.stdout).toMatch(/^Test Party, players: 2, NAT: \w+$/m);
    expect(output.stdout).toContain('alice: 10.66.0.1, host, - ms\n');
    expect(output.stdout).toMatch(/^bob: 10\.66\.[\d.]+, (relayed|direct), [\d.-]+ ms$/m);
  }, 60_000);
});
