import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import type { Host } from '../lab/host';
import { LabServer } from './support/lab-server';

describeLab('a program that uses the library', () => {
  let lab: Lab;
  let server: LabServer;
  let alice: Host;
  let home: string;

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server'));
    alice = await lab.hostBehind('alice', 'port_restricted');
    home = await mkdtemp(join(tmpdir(), 'lanrage-library-'));
  }, 60_000);

  afterAll(async () => {
    await server?.stop();
    await lab?.close();
    if (home) await rm(home, { recursive: true });
  }, 30_000);

  const run = (url: string, ...args: string[]) =>
    alice.exec([process.execPath, join(__dirname, 'library-script.mjs'), ...args], {
      env: { LANRAGE_SERVER: url, LANRAGE_HOME: home, LANRAGE_INTERFACE: alice.interfaceName },
      timeoutMs: 20_000,
    });

  it('ends by itself after close(), and lets the next one in', async () => {
    for (let round = 0; round < 2; round++) {
      const { code, stdout, stderr } = await run(server.url);
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'Script on\nclosed\n', stderr: '' });
    }
    expect(await readdir(home)).not.toContain('agent.lock');
  }, 60_000);

  it('ends by itself also when there was no server', async () => {
    const { code, stdout } = await run(`http://${server.host.address}:9`, 'offline');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'CONTROL_UNAVAILABLE\nclosed\n' });
  }, 60_000);
});
