import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '#shared/endpoint';
import type { Finding } from '../../apps/client/src/cli/finding';
import type { NetcheckReport } from '../../apps/client/src/cli/rendering';
import { TestControl } from './support/control-app';
import { TestRelay } from './support/control-relay';
import { collectOutput, end, root, until } from './support/processes';
import { Terminal } from './support/terminal';

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

const verbs = ['agent', 'create', 'join', 'leave', 'status', 'netcheck', 'ping', 'doctor'];

describe('the lanrage command', () => {
  let control: TestControl;
  let home: string;
  let started: ChildProcess[];

  beforeAll(async () => {
    control = await TestControl.start();
  }, 60_000);

  afterAll(async () => {
    await control?.close();
  }, 30_000);

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'lanrage-cli-'));
    started = [];
  });

  afterEach(async () => {
    await Promise.all(started.map((child) => end(child, 'SIGKILL')));
    await rm(home, { recursive: true });
  });

  const environment = (settings: NodeJS.ProcessEnv = {}) => ({
    ...process.env,
    LANRAGE_HOME: home,
    LANRAGE_SERVER: control.url,
    ...settings,
  });

  function start(args: readonly string[], settings?: NodeJS.ProcessEnv) {
    const child = spawn(process.execPath, [join(root, 'bin/lanrage.mjs'), ...args], {
      env: environment(settings),
    });
    started.push(child);
    return { child, output: collectOutput(child) };
  }

  async function run(args: readonly string[], settings?: NodeJS.ProcessEnv): Promise<Result> {
    const { child, output } = start(args, settings);
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, ...output };
  }

  /** `lanrage agent`, once it says that it is ready. */
  async function startAgent() {
    const { child, output } = start(['agent', '--json']);
    await until('the agent is ready', () => output.stdout.includes('\n'));
    return { child, output };
  }

  const errorOf = ({ stderr }: Result) => (JSON.parse(stderr) as { error: { code: string } }).error;

  const finding = (code: string, severity: string) => ({
    code,
    severity,
    message: expect.any(String),
    advice: expect.anything(),
  });

  it.each(verbs)('%s --help shows examples, and is no error', async (verb) => {
    const { code, stdout } = await run([verb, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\n  lanrage ${verb}`));
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
  });

  it.each([
    ['an unknown verb', ['dance']],
    ['a missing argument', ['join']],
    ['an argument too many', ['leave', 'now']],
    ['an unknown option', ['status', '--loud']],
    ['a count that is none', ['ping', 'Bob', '--count', 'many']],
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

  it.each(['status', 'leave'])('%s without an agent is refused: 1, with what to do', async (verb) => {
    const text = await run([verb]);
    expect(text).toMatchObject({ code: 1, stdout: '' });
    expect(text.stderr).toMatch(/^error AGENT_NOT_RUNNING: .*lanrage agent/);
    expect(errorOf(await run([verb, '--json']))).toEqual({
      code: 'AGENT_NOT_RUNNING',
      message: expect.any(String),
      retryable: false,
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

  it('netcheck with dead STUN servers takes 3 s for them in all', async () => {
    const deadServers = ['127.0.0.1:9', '127.0.0.1:19'];
    const relay = new TestRelay(control.url, { stunEndpoints: deadServers as Endpoint[] });
    await relay.connect();
    const startedAtMs = performance.now();
    const { stdout } = await run(['netcheck', '--json'], { LANRAGE_STUN_SERVERS: '127.0.0.1:29' });
    relay.socket.disconnect();
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
    const report = JSON.parse(stdout) as NetcheckReport;
    const unanswered = (endpoint: string, isOfRelay: boolean) => ({
      endpoint,
      roundTripMs: null,
      relay: isOfRelay ? { id: 'relay-1', region: 'local' } : null,
    });
    expect(report.stunServers).toEqual([
      unanswered('127.0.0.1:29', false),
      unanswered('127.0.0.1:9', true),
      unanswered('127.0.0.1:19', true),
    ]);
  }, 15_000);

  describe('doctor without an agent', () => {
    it('examines the rest, and says so: 0, also with problems found', async () => {
      const { code, stdout } = await run(['doctor']);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^1 problem\.\n[^]*\(no_stun_server\)[^]*No agent is running/);
    });

    it('prints findings as JSON', async () => {
      const { code, stdout } = await run(['doctor', '--json']);
      expect(code).toBe(0);
      const report = JSON.parse(stdout) as { findings: Finding[] };
      expect(report).toMatchObject({ agent: 'not_running', portMapping: null, server: { url: control.url } });
      expect(report.findings).toEqual([
        finding('no_stun_server', 'problem'),
        { ...finding('agent_not_running', 'info'), advice: expect.stringContaining('lanrage agent') },
        { ...finding('server_answers', 'ok'), advice: null },
      ]);
    });

    it('with nothing to examine: 1, after its report', async () => {
      const { code, stdout, stderr } = await run(['doctor', '--server', 'http://127.0.0.1:9']);
      expect(code).toBe(1);
      expect(stdout).toContain('(server_silent)');
      expect(stderr).toContain('CONTROL_UNAVAILABLE');
    });

    it('knows nothing of a player: 1', async () => {
      const result = await run(['doctor', 'Bob', '--json']);
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(errorOf(result).code).toBe('AGENT_NOT_RUNNING');
    });
  });

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
      expect((await run(['status'])).stdout).toContain('You are in no party');
    });

    it.each([
      ['INVALID_PARTY_ID', ['join', '1234']],
      ['INVALID_NAME', ['create', 'x'.repeat(51)]],
      ['INVALID_NAME', ['create', 'LAN', '--as', 'bell\u0007']],
      ['NOT_IN_PARTY', ['leave']],
      ['NOT_IN_PARTY', ['ping', 'Bob']],
      ['NOT_IN_PARTY', ['doctor', 'Bob']],
    ])('refuses with %s: %j', async (code, args) => {
      await startAgent();
      const result = await run([...args, '--json']);
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(errorOf(result).code).toBe(code);
    });

    it("doctor examines the agent's own server, whatever its own settings say", async () => {
      await startAgent();
      const { stdout } = await run(['doctor', '--json', '--server', 'http://127.0.0.1:9']);
      const report = JSON.parse(stdout) as { findings: Finding[] };
      expect(report).toMatchObject({
        agent: 'running',
        server: { url: control.url, error: null },
        portMapping: { state: 'none' },
      });
      const codes = report.findings.map(({ code }) => code);
      expect(codes).toEqual(
        expect.arrayContaining(['agent_running', 'events_arrive', 'port_mapping_not_tried']),
      );
    });

    it('status --watch --json: a line for each look, also while the agent is away', async () => {
      const { child } = await startAgent();
      const watching = start(['status', '--watch', '--json']);
      const states = () =>
        watching.output.stdout
          .split('\n')
          .slice(0, -1)
          .map((line) => (JSON.parse(line) as { status: string }).status);
      await until('two looks', () => states().length >= 2);
      await end(child, 'SIGTERM');
      await until('the agent is missed', () => states().at(-1) === 'no_agent');
      await startAgent();
      await until('the agent is back', () => states().at(-1) === 'no_party');
      await end(watching.child, 'SIGINT');
      expect(watching.child.exitCode).toBe(0);
      expect(watching.output.stderr).toBe('');
    }, 30_000);

    it('status --watch into a file: a block for each change', async () => {
      const { child } = await startAgent();
      const { output, ...watching } = start(['status', '--watch']);
      const blocks = () => output.stdout.match(/^\d\d:\d\d:\d\d$/gm) ?? [];
      await until('the first block', () => blocks().length === 1);
      await end(child, 'SIGTERM');
      await until('the second block', () => output.stdout.includes('No agent is running'));
      expect(blocks()).toHaveLength(2);
      expect(output.stdout).not.toContain('\u001b');
      await end(watching.child, 'SIGTERM');
      expect(watching.child.exitCode).toBe(0);
    }, 30_000);

    it('status --watch on a terminal: in place, and Ctrl-C gives the terminal back', async () => {
      const { child } = await startAgent();
      const command = `'${process.execPath}' '${join(root, 'bin/lanrage.mjs')}' status --watch`;
      const terminal = Terminal.open(command, environment(), { columns: 60, rows: 10 });
      started.push(terminal.child);
      const frames = () => terminal.output.stdout.split('\u001b[H').slice(1);
      await until('three frames', () => frames().length > 3);
      await end(child, 'SIGTERM');
      await until('the agent is missed', () => frames().at(-1)?.includes('No agent is running'));
      expect(await terminal.interrupt()).toBe(0);
      const written = terminal.output.stdout;
      expect(written.startsWith('\u001b[?1049h\u001b[?25l')).toBe(true);
      expect(written.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
      expect(frames()[0]).toMatch(/Ctrl-C ends\S*\r\n[^]*You are in no party/);
    }, 30_000);

    it('status --watch ends when nobody reads on', async () => {
      await startAgent();
      const { child, output } = start(['status', '--watch', '--json']);
      await until('the first look', () => output.stdout !== '');
      child.stdout.destroy();
      await until('the watch ends', () => child.exitCode !== null);
      expect(child.exitCode).toBe(0);
      expect(output.stderr).toBe('');
    }, 30_000);

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
