import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeUnless, isInstalled } from '../lab/available';
import { Lab } from '../lab/lab';
import { CleanRoot, cleanRootUnavailable } from './support/clean-root';
import { LabPlayer, othersIn, type PartyStatus } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { collectOutput, end, root, until } from './support/processes';
import { UnitFile } from './support/unit-file';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
};

const UNIT = '/usr/lib/systemd/system/lanrage.service';

describeUnless(cleanRootUnavailable(), "the player's package", () => {
  let output: string;
  let machine: CleanRoot;
  let deb: string;

  beforeAll(async () => {
    output = await mkdtemp(join(tmpdir(), 'lanrage-packages-'));
    deb = await build(join(output, 'one'));
    machine = await CleanRoot.make();
    await copyFile(deb, machine.pathOf('/tmp/lanrage.deb'));
  }, 300_000);

  afterAll(async () => {
    await machine.remove();
    await rm(output, { recursive: true, force: true });
  });

  /** With the Node of this machine, and not compressed. */
  async function build(folder: string): Promise<string> {
    const script = join(root, 'scripts/package.mjs');
    const processor = { x64: '--amd64', arm64: '--arm64' }[process.arch as 'x64' | 'arm64'];
    const options = ['lanrage', '--fast', processor, '--output', folder];
    execFileSync(process.execPath, [script, ...options], { stdio: 'pipe' });
    const names = await readdir(folder);
    return join(folder, names.find((name) => name.endsWith('.deb')) ?? '');
  }

  it('is the same bytes when it is built twice', async () => {
    const again = await build(join(output, 'two'));
    expect((await readFile(again)).equals(await readFile(deb))).toBe(true);
    const [sums, otherSums] = await Promise.all(
      ['one', 'two'].map((name) => readFile(join(output, name, 'SHA256SUMS'), 'utf8')),
    );
    expect(sums).toBe(otherSums);
    execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: join(output, 'one') });
  });

  it('plays where nothing of the checkout is, as its own user, and leaves nothing behind', async () => {
    machine.run('dpkg', '--install', '/tmp/lanrage.deb');
    expect(machine.run('lanrage', '--version').trim()).toBe(version);
    if (isInstalled('systemd-analyze')) machine.run('systemd-analyze', 'verify', UNIT);
    const lab = await Lab.create();
    try {
      await play(lab);
    } finally {
      await lab.close();
    }
    machine.run('dpkg', '--purge', 'lanrage');
    const left = machine.run(
      'find',
      '/usr/bin',
      '/usr/lib',
      '/usr/share',
      '/var',
      '/etc',
      '-name',
      '*lanrage*',
    );
    expect(left).toBe('');
    expect(machine.run('cat', '/etc/passwd', '/etc/group')).not.toContain('lanrage');
  }, 300_000);

  async function play(lab: Lab): Promise<void> {
    const server = await LabServer.start(await lab.publicHost('server'));
    const aliceHost = await lab.hostBehind('alice', 'full_cone');
    const bob = await LabPlayer.at(await lab.hostBehind('bob', 'full_cone'), server.url);
    const unit = new UnitFile(machine.run('cat', UNIT));
    for (const command of unit.folderCommands) machine.run(...command);
    for (const [name, groups] of [
      ['alice', 'lanrage'],
      ['mallory', ''],
    ] as const)
      machine.run('useradd', '--no-create-home', '--groups', groups, name);

    const settings = { LANRAGE_SERVER: server.url, LANRAGE_INTERFACE: aliceHost.interfaceName };
    const service = aliceHost.spawn(
      [...machine.wrapper({ ...unit.environment, ...settings }), ...unit.command],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const log = collectOutput(service);
    const answers = async () => {
      if (service.exitCode !== null) throw new Error(`the service ended: ${log.stdout}${log.stderr}`);
      return (await as('alice', 'status')).code === 0;
    };
    const as = (user: string, ...args: string[]) =>
      aliceHost.exec([
        ...machine.wrapper({ HOME: '/nonexistent' }),
        ...['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups', 'lanrage'],
        ...args,
      ]);
    await until('the service answers', answers, { timeoutMs: 60_000 });

    const created = await as('alice', 'create', 'Packaged', '--as', 'Alice', '--json');
    expect(created).toMatchObject({ code: 0, stderr: '' });
    const { party } = JSON.parse(created.stdout) as PartyStatus;
    await bob.join(party.id);
    await bob.reaches((await statusOf(as)).party.peers.find(({ isSelf }) => isSelf)?.virtualIp ?? '');
    const status = await statusOf(as);
    expect(othersIn(status)).toMatchObject([{ name: 'Bob', online: true }]);
    // What needs the capabilities: rules of the firewall, and sockets that see broadcasts.
    expect(status).toMatchObject({ guard: { state: 'on' }, discovery: { state: 'on' } });

    const refused = await as('mallory', 'status', '--json');
    expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: 'PERMISSION_DENIED' } });
    // Root asks it without a state folder of its own.
    const ofRoot = await aliceHost.exec([...machine.wrapper(), 'lanrage', 'status', '--json']);
    expect(JSON.parse(ofRoot.stdout)).toMatchObject({ party: { id: party.id } });

    await bob.stop();
    await end(service, 'SIGTERM');
    await server.stop();
    await bob.removeHome();
  }

  async function statusOf(as: (user: string, ...args: string[]) => Promise<{ stdout: string }>) {
    return JSON.parse((await as('alice', 'status', '--json')).stdout) as PartyStatus;
  }
});
