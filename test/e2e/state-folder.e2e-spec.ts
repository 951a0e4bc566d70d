/** State folders as players have them: on a disk that is full or read-only, far down, of an unknown user, cut short. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describeLab, describeUnless, labAvailable } from '../lab/available';
import { Lab } from '../lab/lab';
import { CommandLine, errorOf } from './support/command-line';
import { LabPlayer } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { collectOutput, end, until } from './support/processes';
import { SmallDisk } from './support/small-disk';

/** Nobody is there. */
const SERVER = 'http://127.0.0.1:9';
/** An id of no user that the system knows. */
const UNKNOWN_USER = 54_321;
/** More than a unix socket's address holds, see unix(7). */
const LONG_PATH = 127;

describeUnless(labAvailable(), 'a state folder', () => {
  let cli: CommandLine;

  beforeEach(async () => {
    cli = await CommandLine.open(SERVER);
  });

  afterEach(() => cli.close());

  /** What `lanrage agent` is refused with. */
  const refusal = async (settings: NodeJS.ProcessEnv = {}) =>
    errorOf(await cli.run(['agent', '--json'], settings));

  describe('on a disk of its own', () => {
    let disk: SmallDisk;

    beforeEach(async () => {
      disk = await SmallDisk.mountedAt(cli.home);
      cli.wrapper = disk.wrapper;
    });

    afterEach(() => disk.unmount());

    it('that is full is named, with what to do, and nothing half written stays', async () => {
      disk.fill();
      expect(await refusal()).toMatchObject({
        code: 'HOME_FULL',
        message: expect.stringContaining(`df -h '${cli.home}'`),
      });
      expect(await readdir(disk.pathOf(''))).toEqual(['filler']);
      disk.free();
      await cli.startAgent();
    });

    it('that is read-only is named, with what to do', async () => {
      await disk.makeReadOnly();
      expect(await refusal()).toMatchObject({
        code: 'HOME_READ_ONLY',
        message: expect.stringMatching(/mounted read-only.*LANRAGE_HOME/),
      });
      expect(await refusal({ LANRAGE_HOME: join(cli.home, 'deep', 'down') })).toMatchObject({
        code: 'HOME_READ_ONLY',
      });
    });
  });

  it(`may have a path of ${LONG_PATH} characters, also after kill -9`, async () => {
    const above = cli.home;
    const deep = CommandLine.at(join(above, 'x'.repeat(LONG_PATH - above.length - 1)), SERVER);
    expect(deep.home).toHaveLength(LONG_PATH);
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      const { child } = await deep.startAgent();
      expect((await deep.run(['status', '--json'])).code).toBe(0);
      await end(child, signal);
    }
    expect((await readdir(deep.home)).sort()).toEqual(['identity.key']);
    await deep.close();
  });

  it('may be that of a user whom the system does not list', async () => {
    await chown(cli.home, UNKNOWN_USER, UNKNOWN_USER);
    cli.wrapper = ['setpriv', '--reuid', `${UNKNOWN_USER}`, '--regid', `${UNKNOWN_USER}`, '--clear-groups'];
    await cli.startAgent();
    expect((await cli.run(['status', '--json'])).code).toBe(0);
    expect(errorOf(await cli.run(['status', '--json'], { LANRAGE_HOME: '', HOME: undefined })).code).toBe(
      'HOME_UNKNOWN',
    );
  });

  it('that belongs to somebody else is named, with what to do', async () => {
    cli.wrapper = ['setpriv', '--reuid', `${UNKNOWN_USER}`, '--regid', `${UNKNOWN_USER}`, '--clear-groups'];
    expect(await refusal({ LANRAGE_HOME: join(cli.home, 'mine') })).toMatchObject({
      code: 'HOME_DENIED',
      message: expect.stringContaining(join(cli.home, 'mine')),
    });
  });

  describe("of root's agent, started with sudo", () => {
    const [alice, bob] = ['54321', '54323'];
    const environment = { LANRAGE_HOME: '', SUDO_UID: alice, SUDO_GID: alice, SUDO_USER: 'alice' };
    const rootHome = '/var/lib/lanrage';
    let disk: SmallDisk;

    beforeEach(async () => {
      disk = await SmallDisk.mountedAt(dirname(rootHome));
      expect((await see('chmod', '755', dirname(rootHome))).code).toBe(0);
      cli.wrapper = disk.wrapper;
      const { output } = cli.start(['agent', '--json'], environment);
      await until('the agent is ready', () => output.stdout.includes('\n'));
    });

    afterEach(() => disk.unmount());

    const as = (uid: string) => ['setpriv', '--reuid', uid, '--regid', uid, '--clear-groups'];
    /** Runs a program that sees the disk. */
    async function see(...command: string[]) {
      const [program = '', ...args] = [...disk.wrapper, ...command];
      const child = spawn(program, args);
      const output = collectOutput(child);
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, ...output };
    }
    const asked = (uid: string) => {
      cli.wrapper = [...disk.wrapper, ...as(uid)];
      return cli.run(['status', '--json'], { LANRAGE_HOME: '', HOME: '/nonexistent' });
    };

    it('lets that user ask without sudo, and nobody else', async () => {
      expect(await asked(alice)).toMatchObject({ code: 0, stderr: '' });
      expect(errorOf(await asked(bob)).code).toBe('PERMISSION_DENIED');
      cli.wrapper = disk.wrapper;
      expect((await cli.run(['status', '--json'], { LANRAGE_HOME: '' })).code).toBe(0);
    });

    it('tells that user alone the server that it remembers', async () => {
      const path = join(rootHome, 'config.json');
      const script = `echo '{ "server": "http://127.0.0.1:7" }' > ${path} && chown 0:${alice} ${path} && chmod 640 ${path}`;
      expect((await see('sh', '-c', script)).code).toBe(0);
      const serverOf = async (uid: string) => {
        cli.wrapper = [...disk.wrapper, ...as(uid)];
        const settings = { LANRAGE_HOME: '', LANRAGE_SERVER: '', HOME: '/nonexistent' };
        const { stdout } = await cli.run(['netcheck', '--json'], settings);
        return (JSON.parse(stdout) as { server: { url: string } }).server.url;
      };
      expect(await serverOf(alice)).toBe('http://127.0.0.1:7');
      expect(await serverOf(bob)).toBe('http://127.0.0.1:8080');
    });

    it('stays what root alone can change, and read', async () => {
      for (const name of ['identity.key', 'agent.lock'])
        expect((await see(...as(alice), 'cat', join(rootHome, name))).stderr).toMatch('Permission denied');
      expect((await see(...as(alice), 'ls', rootHome)).stderr).toMatch('Permission denied');
      expect((await see(...as(alice), 'rm', '-f', join(rootHome, 'agent.sock'))).stderr).toMatch(
        'Permission denied',
      );
      const { stdout } = await see('stat', '--format=%u %a %n', rootHome, join(rootHome, 'agent.sock'));
      expect(stdout).toBe(`0 711 ${rootHome}\n${alice} 600 ${rootHome}/agent.sock\n`);
    });
  });

  it('in the place of a file is named', async () => {
    const file = join(cli.home, 'file');
    await writeFile(file, '');
    expect(await refusal({ LANRAGE_HOME: file })).toMatchObject({ code: 'HOME_UNUSABLE' });
  });

  it.each([
    ['the key', 'identity.key', 'Ax4='],
    ['the key, all of it', 'identity.key', ''],
    ['the keys of parties', 'party-keys.json', '[{"partyId":"0123456789ab","key":"q8'],
  ])('tells which file was cut short: %s', async (_what, name, text) => {
    await writeFile(join(cli.home, name), text);
    const party = ['join', '0123456789ab', '--json'];
    expect(errorOf(await cli.run(party))).toMatchObject({
      code: 'HOME_FILE_DAMAGED',
      message: expect.stringMatching(`^${join(cli.home, name)} .*(or delete)`),
    });
    expect(await readFile(join(cli.home, name), 'utf8')).toBe(text);
  });

  it.each(['agent.lock', 'membership.json'])('does without %s if that was cut short', async (name) => {
    await writeFile(join(cli.home, name), '{"p');
    await cli.startAgent();
  });
});

describeLab('a player whose state folder fails during the game', () => {
  let lab: Lab;
  let server: LabServer;
  let alice: LabPlayer;
  let bob: LabPlayer;
  let disk: SmallDisk;

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.startControl(await lab.publicHost('server'));
    alice = await LabPlayer.at(await lab.publicHost('alice'), server.url);
    bob = await LabPlayer.at(await lab.publicHost('bob'), server.url);
  }, 120_000);

  beforeEach(async () => {
    disk = await SmallDisk.mountedAt(alice.home);
    alice.wrapper = disk.wrapper;
  });

  afterEach(async () => {
    await alice.stop('SIGKILL');
    await disk.unmount();
  });

  afterAll(async () => {
    await server?.stop();
    await lab?.close();
    await Promise.all([alice, bob].map((player) => player?.removeHome()));
  }, 60_000);

  it.each<[string, () => unknown]>([
    ['full', () => disk.fill()],
    ['read-only', () => disk.makeReadOnly()],
  ])(
    'leaves with Ctrl-C: the machine as it was, the server told. The disk is %s',
    async (_how, spoil) => {
      const { party } = await alice.create('Last Night');
      expect(await alice.foreignDevices()).toEqual([alice.host.interfaceName]);
      await spoil();
      await alice.stop('SIGINT');
      expect(await alice.foreignDevices()).toEqual([]);
      // With its last player the party is gone, if the server has heard that she left.
      const { stderr } = await bob.run('join', party.id, '--json');
      expect(stderr).toContain('PARTY_NOT_FOUND');
    },
    60_000,
  );

  it('is refused entrance on a full disk, and nothing stays of the attempt', async () => {
    await alice.startAgent();
    disk.fill();
    const { code, stderr } = await alice.run('create', 'Nowhere', '--json');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('"HOME_FULL"') });
    expect(await alice.foreignDevices()).toEqual([]);
    disk.free();
    const { stdout } = await alice.run('create', 'Somewhere', '--json');
    expect(stdout).toContain('"in_party"');
    await alice.stop('SIGINT');
  }, 60_000);

  it('has the machine cleaned up by the next start, though the journal was cut short', async () => {
    await alice.create('Short');
    await alice.stop('SIGKILL');
    expect(await alice.foreignDevices()).toEqual([alice.host.interfaceName]);
    await truncate(disk.pathOf('journal.json'), 5);
    await alice.startAgent();
    expect(await alice.foreignDevices()).toEqual([]);
  }, 60_000);
});
