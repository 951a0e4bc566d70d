import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Endpoint } from '#shared/endpoint';
import { loadIdentity } from '../../apps/client/src/identity';
import type { NetcheckReport } from '../../apps/client/src/doctor/network-report';
import { CommandLine, errorOf, type Result } from './support/command-line';
import { refusal, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { TestRelay } from './support/control-relay';
import { collectOutput, end, root, until } from './support/processes';
import { itWith } from './support/programs';
import { Terminal } from './support/terminal';

const verbs = [
  ...['agent', 'create', 'join', 'leave', 'status', 'events', 'ui', 'netcheck', 'ping', 'doctor'],
  ...[
    'set',
    'lock',
    'unlock',
    'host',
    'kick',
    'ban',
    'unban',
    'bans',
    'close',
    'nick',
    'discord',
    'parties',
    'state',
    'invite',
    'invites',
    'uninvite',
  ],
];

describe('the lanrage command', () => {
  let control: TestControl;
  let cli: CommandLine;
  let home: string;

  beforeAll(async () => {
    control = await TestControl.start();
  }, 60_000);

  afterAll(async () => {
    await control?.close();
  }, 30_000);

  beforeEach(async () => {
    cli = await CommandLine.open(control.url);
    ({ home } = cli);
  });

  afterEach(() => cli.close());

  const start: CommandLine['start'] = (...args) => cli.start(...args);
  const run: CommandLine['run'] = (...args) => cli.run(...args);
  const startAgent = () => cli.startAgent();

  it('--help and docs/command-line.md have all commands, in 80 columns', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
    const listed = [...stdout.matchAll(/^ {2}([a-z]+)(?: [<[].*)? {2,}\S/gm)].map(([, verb]) => verb);
    expect(listed).toEqual(expect.arrayContaining([...verbs, 'games', 'discovery', 'log', 'completion']));
    const documentation = await readFile(join(root, 'docs/command-line.md'), 'utf8');
    const missing = listed.filter(
      (verb) => verb !== 'help' && !new RegExp(`[\`\\s]${verb}\\b`).test(documentation),
    );
    expect(missing).toEqual([]);
  });

  it('--version is that of package.json, and no option of a command', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    for (const flag of ['--version', '-V'])
      expect(await run([flag])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    expect((await run(['state', 'set', 'map', 'x', '--version', '7'])).stderr).toMatch('AGENT_NOT_RUNNING');
  });

  it('alone says where one is, and what comes next', async () => {
    const away = await run([]);
    expect(away).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('No agent is running'),
    });
    await startAgent();
    expect((await run([])).stdout).toMatch(/You are not in a party\.\n\n {2}lanrage create/);
  });

  it('tells a variable that is no setting', async () => {
    const { stderr } = await run([], { LANRAGE_SEVER: control.url });
    expect(stderr).toBe(
      'Warning: LANRAGE_SEVER is no setting of LANrage; LANRAGE_SERVER is. It has no effect.\n',
    );
  });

  it('shows what the agent noted', async () => {
    expect(errorOf(await run(['log', '--json'])).code).toBe('AGENT_NOT_RUNNING');
    await startAgent();
    await until('the server is noted', async () =>
      (await run(['log'])).stdout.includes('control plane connected'),
    );
    const { stdout } = await run(['log', '--json']);
    const [first] = stdout.split('\n');
    expect(JSON.parse(first ?? '')).toMatchObject({ level: expect.any(Number), msg: expect.any(String) });
  });

  it('completes', async () => {
    const { code, stdout } = await run(['completion', 'bash']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('complete -F _lanrage lanrage')]);
    expect((await run(['completion', 'tcsh'])).code).toBe(2);
  });

  it.each(verbs)('%s --help shows examples, and is no error', async (verb) => {
    const { code, stdout } = await run([verb, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\n  lanrage ${verb}`));
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
  });

  it.each([
    ['an unknown verb', ['dance']],
    ['a missing argument', ['open']],
    ['an argument too many', ['leave', 'now']],
    ['an unknown option', ['status', '--loud']],
    ['a count that is none', ['ping', 'Bob', '--count', 'many']],
    ['a size that is none', ['set', '--max-players', 'many']],
    ['a party of one', ['create', 'LAN', '--max-players', '1']],
    ['a time that is none', ['invite', '--expires', 'soon']],
    ['a time too long', ['invite', '--expires', '31d']],
    ['nothing to set', ['set']],
    ['an unknown action', ['state', 'dance']],
    ['a key that is missing', ['state', 'get']],
    ['a value that is missing', ['state', 'set', 'map']],
    ['a password as an argument', ['join', '0123456789ab', '--password', 'secret']],
    ['a server that is none', ['status', '--server', 'nowhere']],
  ])('%s is wrong usage: 2', async (_name, args) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toBe('');
  });

  it('names every setting that is wrong, and where it comes from', async () => {
    const { code, stderr } = await run(['status'], { LANRAGE_SERVER: 'x', LANRAGE_INTERFACE: 'not one' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/LANRAGE_SERVER[^]*LANRAGE_INTERFACE/);
  });

  it.each(['status', 'events', 'leave', 'lock', 'bans', 'close', 'discord'])(
    '%s without an agent is refused: 1, with what to do',
    async (verb) => {
      const text = await run([verb]);
      expect(text).toMatchObject({ code: 1, stdout: '' });
      expect(text.stderr).toMatch(/^error AGENT_NOT_RUNNING: .*lanrage agent/);
      expect(errorOf(await run([verb, '--json']))).toEqual({
        code: 'AGENT_NOT_RUNNING',
        message: expect.any(String),
        retryable: false,
      });
    },
  );

  it('parties needs no agent', async () => {
    const host = await TestAgent.signIn(control.url);
    const { id } = await host.create({
      name: 'Quake\u00a0Night',
      public: true,
      password: 'secret',
      maxPeers: 8,
    });
    const connection = await host.connect();
    const { code, stdout } = await run(['parties', 'quake', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      parties: [{ id, name: 'Quake\u00a0Night', playerCount: 1, maxPeers: 8, hasPassword: true }],
      nextCursor: null,
    });
    expect((await run(['parties'])).stdout).toMatch(
      /^ID +PARTY +PLAYERS\n[0-9a-f]{12} +Quake.Night +1 of 8 +password\n$/,
    );
    expect((await run(['parties', 'doom'])).stdout).toBe('No public party was found.\n');
    connection.close();
    expect(errorOf(await run(['parties', '--cursor', 'x', '--json'])).code).toBe('INVALID_REQUEST');
    await host.leave(id);
  });

  it('parties --mine and close PARTY need no agent, but the key', async () => {
    const none = await run(['parties', '--mine']);
    expect(none).toMatchObject({ code: 0, stdout: expect.stringContaining('owns no persistent party') });
    const owner = new TestAgent(control.url, 'Owner', Buffer.from(loadIdentity(home).privateKey));
    await owner.signIn();
    const ids: string[] = [];
    for (let count = 0; count < 5; count++) {
      const { id } = await owner.create({ persistent: true, name: `Club ${count}` });
      ids.push(id);
      await owner.leave(id);
    }
    const refused = refusal(await owner.tryCreate({ persistent: true }));
    expect(refused).toMatchObject({ code: 'TOO_MANY_PARTIES' });
    // What it says to type is what there is.
    expect(refused.message).toMatch(/lanrage parties --mine,.* lanrage close PARTY\.$/);
    const mine = await run(['parties', '--mine', '--json']);
    expect((JSON.parse(mine.stdout) as { parties: { id: string }[] }).parties.map(({ id }) => id)).toEqual(
      ids.toReversed(),
    );
    expect(await run(['close', ids[0] ?? ''])).toMatchObject({ code: 0, stdout: 'The party is closed.\n' });
    expect(errorOf(await run(['close', ids[0] ?? '', '--json'])).code).toBe('PARTY_NOT_FOUND');
    expect(errorOf(await run(['close', 'club', '--json'])).code).toBe('INVALID_PARTY_ID');
    expect((await run(['parties', '--mine', 'quake'])).code).toBe(2);
    // An agent that runs is not disturbed.
    const { child } = await startAgent();
    expect((await run(['parties', '--mine'])).stdout).toMatch(/^ID +PARTY +PLAYERS +EMPTY SINCE\n/);
    expect((await run(['close', ids[1] ?? ''])).code).toBe(0);
    expect(child.exitCode).toBeNull();
    for (const id of ids.slice(2)) await owner.ask('DELETE', id);
  }, 30_000);

  it('join takes the password from stdin', async () => {
    const host = await TestAgent.signIn(control.url);
    const { id } = await host.create({ password: 'the right one' });
    for (const [password, code] of [
      ['', 'INVALID_PASSWORD'],
      ['the wrong one\n', 'WRONG_PASSWORD'],
    ] as const) {
      const { child, output } = start(['join', id, '--password-stdin', '--json']);
      child.stdin.end(password);
      const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
      expect([exitCode, errorOf({ code: exitCode, ...output }).code]).toEqual([1, code]);
    }
    await host.leave(id);
  });

  describe('on a terminal', () => {
    const itOnTerminal = itWith('script', '--version', 'bsdutils');
    /** Runs it with a terminal of its own, and types an answer at each prompt. */
    async function type(args: readonly string[], ...answers: string[]): Promise<Result> {
      const command = [process.execPath, join(root, 'bin/lanrage.mjs'), ...args].join(' ');
      const child = spawn('script', ['-qec', command, '/dev/null'], {
        env: cli.environment(),
      });
      cli.own(child);
      const output = collectOutput(child);
      const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
      for (const [index, answer] of answers.entries()) {
        await until(
          'a prompt',
          () => (output.stdout.match(/(Password of the party|Once more): /g)?.length ?? 0) > index,
        );
        child.stdin.write(answer);
      }
      return { code: await closed, ...output };
    }

    itOnTerminal(
      'asks for the password of a party, unseen, three times at most',
      async () => {
        const host = await TestAgent.signIn(control.url);
        const { id } = await host.create({ password: 'the right one' });
        const { code, stdout } = await type(['join', id], 'wrong-one\r', 'wrong-two\r', 'wrong-three\r');
        expect(code).toBe(1);
        expect(stdout).toMatch(/error WRONG_PASSWORD/);
        expect(stdout).not.toContain('wrong-');
        const given = await type(['join', id], '\u0003');
        expect([given.code, given.stdout]).toEqual([1, expect.stringMatching(/error PASSWORD_REQUIRED/)]);
        await host.leave(id);
      },
      20_000,
    );

    itOnTerminal('breaks no word in the middle, however narrow it is', async () => {
      const command = `${process.execPath} ${CommandLine.program} status`;
      const terminal = Terminal.open(command, cli.environment(), { columns: 40 });
      cli.own(terminal.child);
      await once(terminal.child, 'close');
      const lines = terminal.output.stdout.trim().split(/\r?\n/);
      expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(40);
      expect(lines.join(' ')).toBe((await run(['status'])).stderr.trim());
    });

    itOnTerminal('has a host type a new one twice', async () => {
      const { code, stdout } = await type(['create', 'LAN', '--password'], 'first-one\r', 'other-one\r');
      expect([code, stdout]).toEqual([
        1,
        expect.stringMatching(/error INVALID_PASSWORD: The two passwords differ/),
      ]);
      expect(stdout).not.toContain('-one');
    });
  });

  it('netcheck needs no agent', async () => {
    const { code, stdout } = await run(['netcheck', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      server: { url: control.url, latencyMs: expect.any(Number), error: null },
      natInfo: { natType: 'unknown', relayOnly: true },
    });
  });

  it('netcheck asks dead STUN servers all at once', async () => {
    const deadServers = ['127.0.0.1:1029', '127.0.0.1:1039'];
    const stunEndpoints = [...deadServers, '127.0.0.1:9'] as Endpoint[];
    const relay = new TestRelay(control.url, { stunEndpoints });
    await relay.connect();
    const startedAtMs = performance.now();
    const { stdout } = await run(['netcheck', '--json'], { LANRAGE_STUN_SERVERS: '127.0.0.1:29' });
    relay.socket.disconnect();
    // Three seconds for all of them, not for each of the three.
    expect(performance.now() - startedAtMs).toBeLessThan(8_900);
    const report = JSON.parse(stdout) as NetcheckReport;
    const unanswered = (endpoint: string, isOfRelay: boolean) => ({
      endpoint,
      roundTripMs: null,
      relay: isOfRelay ? { id: 'relay-1', region: 'local' } : null,
    });
    expect(report.stunServers).toEqual([
      unanswered('127.0.0.1:29', false),
      ...deadServers.map((endpoint) => unanswered(endpoint, true)),
    ]);
    expect(report.refused).toEqual(['127.0.0.1:9']);
  }, 30_000);

  it('takes settings from config.json, and a flag before them', async () => {
    await writeFile(join(home, 'config.json'), JSON.stringify({ server: 'http://127.0.0.1:9' }));
    const fromFile = await run(['netcheck', '--json'], { LANRAGE_SERVER: '' });
    expect(JSON.parse(fromFile.stdout)).toMatchObject({
      server: { url: 'http://127.0.0.1:9', error: { code: 'CONTROL_UNAVAILABLE' } },
    });
    const fromFlag = await run(['netcheck', '--json', '--server', control.url], { LANRAGE_SERVER: '' });
    expect(JSON.parse(fromFlag.stdout)).toMatchObject({ server: { url: control.url, error: null } });
    await writeFile(join(home, 'config.json'), '{');
    expect((await run(['netcheck'])).code).toBe(2);
  }, 15_000);

  describe('with an agent', () => {
    it('status says no party, in JSON and in words', async () => {
      await startAgent();
      const { code, stdout } = await run(['status', '--json']);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ status: 'no_party', natInfo: { natType: 'unknown' } });
      expect(stdout.trimEnd()).not.toContain('\n');
      expect((await run(['status'])).stdout).toContain('You are not in a party');
    });

    describe('that is in no party', () => {
      let agent: CommandLine;
      beforeAll(async () => {
        agent = await CommandLine.open(control.url);
        await agent.startAgent();
      }, 30_000);
      afterAll(() => agent.close());

      it.each([
        ['INVALID_PARTY_ID', ['join', '1234']],
        ['INVALID_NAME', ['create', 'x'.repeat(51)]],
        ['INVALID_NAME', ['create', 'LAN', '--as', 'bell\u0007']],
        ['NOT_IN_PARTY', ['leave']],
        ['NOT_IN_PARTY', ['ping', 'Bob']],
        ['NOT_IN_PARTY', ['doctor', 'Bob']],
        ['NOT_IN_PARTY', ['set', '--locked']],
        ['NOT_IN_PARTY', ['kick', 'Bob']],
        ['NOT_IN_PARTY', ['ban', 'Bob']],
        ['NOT_IN_PARTY', ['unban', 'Bob']],
        ['NOT_IN_PARTY', ['bans']],
        ['NOT_IN_PARTY', ['invite']],
        ['NOT_IN_PARTY', ['invites']],
        ['NOT_IN_PARTY', ['uninvite', '3f9a01c2']],
        ['INVALID_INVITE', ['join', 'https://lan.example.org/#join=half']],
        ['NOT_IN_PARTY', ['set', '--host', 'Bob']],
        ['NOT_IN_PARTY', ['nick', 'Bob']],
        ['NOT_IN_PARTY', ['close']],
        ['NOT_IN_PARTY', ['state', 'list']],
        ['NOT_IN_PARTY', ['state', 'set', 'map', 'x']],
        ['INVALID_REQUEST', ['state', 'set', 'k'.repeat(65), 'x']],
        ['INVALID_PARTY_ID', ['close', '1234']],
        ['PARTY_NOT_FOUND', ['close', '0123456789ab']],
        ['PASSWORD_REQUIRED', ['create', 'LAN', '--password']],
      ])('refuses with %s: %j', async (code, args) => {
        const result = await agent.run([...args, '--json']);
        expect(result).toMatchObject({ code: 1, stdout: '' });
        expect(errorOf(result).code).toBe(code);
      });
    });

    it('keeps key and socket to their owner', async () => {
      await startAgent();
      for (const name of ['identity.key', 'agent.sock']) {
        expect((await stat(join(home, name))).mode & 0o777).toBe(0o600);
      }
    });

    it('refuses a second one in the same home', async () => {
      await startAgent();
      const second = await run(['agent', '--json']);
      expect(second.code).toBe(1);
      expect(errorOf(second).code).toBe('AGENT_ALREADY_RUNNING');
    });

    it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
      '%s ends it, with 0 and nothing left',
      async (signal) => {
        const { child } = await startAgent();
        await end(child, signal);
        expect(child.exitCode).toBe(0);
        expect(existsSync(join(home, 'agent.sock'))).toBe(false);
        expect(existsSync(join(home, 'agent.lock'))).toBe(false);
      },
    );

    it('one that was killed does not keep the next from starting, as the same player', async () => {
      const first = await startAgent();
      await end(first.child, 'SIGKILL');
      expect(errorOf(await run(['status', '--json'])).code).toBe('AGENT_NOT_RUNNING');
      const second = await startAgent();
      expect(second.output.stdout).toBe(first.output.stdout);
      expect((await run(['status'])).code).toBe(0);
    });

    it('starts and stops without a server', async () => {
      const { child, output } = start(['agent', '--json'], { LANRAGE_SERVER: 'http://127.0.0.1:9' });
      await until('the agent is ready', () => output.stdout.includes('\n'));
      expect((await run(['status', '--json'])).code).toBe(0);
      await end(child, 'SIGTERM');
      expect(child.exitCode).toBe(0);
    });
  });
});
