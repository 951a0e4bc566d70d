import { execFileSync, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeUnless, isInstalled } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { CleanRoot, cleanRootUnavailable } from './support/clean-root';
import { LabPlayer, othersIn, type PartyStatus } from './support/lab-player';
import { collectOutput, end, root, until } from './support/processes';
import { UnitFile } from './support/unit-file';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const packages = ['lanrage', 'lanrage-server'];
const UNITS = '/usr/lib/systemd/system';
/** A busy machine may take long for a database. */
const patience = { timeoutMs: 90_000, intervalMs: 300 };

describeUnless(cleanRootUnavailable(), 'the packages of player and server', () => {
  let output: string;
  let machine: CleanRoot;
  let debs: readonly string[];
  const services: ChildProcess[] = [];

  beforeAll(async () => {
    output = await mkdtemp(join(tmpdir(), 'lanrage-packages-'));
    debs = await build('one', ...packages);
    machine = await CleanRoot.make();
    for (const deb of debs) await copyFile(join(output, 'one', deb), machine.pathOf(`/tmp/${deb}`));
  }, 240_000);

  afterAll(async () => {
    await machine.remove();
    await rm(output, { recursive: true, force: true });
  });

  /** With the Node of this machine, and not compressed. */
  async function build(folder: string, ...names: string[]): Promise<readonly string[]> {
    const script = join(root, 'scripts/package.mjs');
    const processor = { x64: '--amd64', arm64: '--arm64' }[process.arch as 'x64' | 'arm64'];
    const options = [...names, '--fast', processor, '--output', join(output, folder)];
    execFileSync(process.execPath, [script, ...options], { stdio: 'pipe' });
    return (await readdir(join(output, folder))).filter((name) => name.endsWith('.deb'));
  }

  it('are the same bytes when they are built twice', async () => {
    const [deb = ''] = await build('two', 'lanrage');
    const [one, two] = await Promise.all(['one', 'two'].map((folder) => readFile(join(output, folder, deb))));
    expect(one?.equals(two ?? Buffer.of())).toBe(true);
    execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: join(output, 'one') });
  }, 120_000);

  it('name what they are made of, with versions and hashes', async () => {
    const bill =
      (await readdir(join(output, 'one'))).find((name) => /^lanrage_.*\.cdx\.json$/.test(name)) ?? '';
    const { components } = JSON.parse(await readFile(join(output, 'one', bill), 'utf8')) as {
      components: { name: string; version: string; hashes: { content: string }[] }[];
    };
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    for (const name of ['koffi', 'socket.io-client', 'zod'])
      expect(components).toContainEqual(expect.objectContaining({ name, version: dependencies[name] }));
    expect(components.map(({ name }) => name)).not.toContain('@nestjs/core');
    for (const { hashes } of components) expect(hashes[0]?.content).toMatch(/^[0-9a-f]{128}$/);
  });

  it('play where nothing of the checkout is, as users of their own, and leave nothing behind', async () => {
    machine.run('dpkg', '--install', ...debs.map((deb) => `/tmp/${deb}`));
    expect(machine.run('lanrage', '--version').trim()).toBe(version);
    const units = ['lanrage', 'lanrage-control', 'lanrage-relay'].map((name) => `${UNITS}/${name}.service`);
    if (isInstalled('systemd-analyze')) machine.run('systemd-analyze', 'verify', ...units);
    const lab = await Lab.create();
    try {
      await play(lab);
    } finally {
      await lab.close();
    }
    machine.run('dpkg', '--purge', ...packages);
    machine.run('sh', '-c', 'rm /tmp/*.deb');
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
    const serverHost = await lab.publicHost('server');
    const url = `http://${serverHost.address}:8080`;
    const aliceHost = await lab.hostBehind('alice', 'full_cone');
    const bob = await LabPlayer.at(await lab.hostBehind('bob', 'full_cone'), url);
    await startServer(serverHost, url);

    const settings = { LANRAGE_SERVER: url, LANRAGE_INTERFACE: aliceHost.interfaceName };
    const isAnswered = async () => (await as('alice', 'status')).code === 0;
    for (const [name, groups] of [
      ['alice', 'lanrage'],
      ['mallory', ''],
    ] as const)
      machine.run('useradd', '--no-create-home', '--groups', groups, name);
    const as = (user: string, ...args: string[]) =>
      aliceHost.exec([
        ...machine.wrapper({ HOME: '/nonexistent' }),
        ...['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups', 'lanrage'],
        ...args,
      ]);
    await start('lanrage', aliceHost, settings, isAnswered);

    const created = await as('alice', 'create', 'Packaged', '--as', 'Alice', '--json');
    expect(created).toMatchObject({ code: 0, stderr: '' });
    const { party } = JSON.parse(created.stdout) as PartyStatus;
    await bob.join(party.id);
    await bob.reaches(party.peers.find(({ isSelf }) => isSelf)?.virtualIp ?? '');
    const status = JSON.parse((await as('alice', 'status', '--json')).stdout) as PartyStatus;
    expect(othersIn(status)).toMatchObject([{ name: 'Bob', online: true }]);
    // What needs the capabilities: rules of the firewall, and sockets that see broadcasts.
    expect(status).toMatchObject({ guard: { state: 'on' }, discovery: { state: 'on' } });

    const refused = await as('mallory', 'status', '--json');
    expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: 'PERMISSION_DENIED' } });
    // Root asks it without a state folder of its own.
    const ofRoot = await aliceHost.exec([...machine.wrapper(), 'lanrage', 'status', '--json']);
    expect(JSON.parse(ofRoot.stdout)).toMatchObject({ party: { id: party.id } });

    await bob.stop();
    for (const service of services.reverse()) await end(service, 'SIGTERM');
    await bob.removeHome();
  }

  /** Both services, with no setting but those that the package makes. */
  async function startServer(host: Host, url: string): Promise<void> {
    const script = `fetch('${url}/v1/server').then((answer) => answer.text()).then(console.log)`;
    const answer = async () => (await host.exec([process.execPath, '-e', script])).stdout;
    const settings = Object.fromEntries(
      [...machine.run('cat', '/etc/lanrage/server.env').matchAll(/^(\w+)=(.*)$/gm)].map(
        ([, ...pair]) => pair,
      ),
    ) as Record<string, string>;
    await start('lanrage-control', host, settings, async () => (await answer()).includes('"relays"'));
    await start('lanrage-relay', host, settings, async () => (await answer()).includes('"relays":[{'));
  }

  /** Starts a service as its unit says. */
  async function start(
    name: string,
    host: Host,
    settings: Readonly<Record<string, string>>,
    isReady: () => Promise<boolean>,
  ): Promise<void> {
    const unit = new UnitFile(machine.run('cat', `${UNITS}/${name}.service`));
    for (const command of unit.folderCommands) machine.run(...command);
    const service = host.spawn([...machine.wrapper({ ...unit.environment, ...settings }), ...unit.command], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    services.push(service);
    const log = collectOutput(service);
    const ready = () => {
      if (service.exitCode === null) return isReady();
      throw new Error(`${name} ended: ${log.stdout}${log.stderr}`);
    };
    await until(`${name} is ready`, ready, patience);
  }
});
