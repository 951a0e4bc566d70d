import type { Finding } from '../../apps/client/src/doctor/finding';
import { CommandLine, errorOf } from './support/command-line';
import { TestControl } from './support/control-app';
import { end, until } from './support/processes';
import { itWith } from './support/programs';
import { Terminal } from './support/terminal';

describe('the command line tells what is going on:', () => {
  let control: TestControl;
  let cli: CommandLine;

  beforeAll(async () => {
    control = await TestControl.start();
  }, 60_000);

  afterAll(async () => {
    await control?.close();
  }, 30_000);

  beforeEach(async () => {
    cli = await CommandLine.open(control.url);
  });

  afterEach(() => cli.close());

  const finding = (code: string, severity: string) => ({
    code,
    severity,
    message: expect.any(String),
    advice: expect.anything(),
  });

  describe('doctor without an agent', () => {
    it('examines the rest, and says so: 0, also with problems found', async () => {
      const { code, stdout } = await cli.run(['doctor']);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^1 problem\.\n[^]*\(no_stun_server\)[^]*No agent is running/);
    });

    it('prints findings as JSON', async () => {
      const { code, stdout } = await cli.run(['doctor', '--json']);
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
      const { code, stdout, stderr } = await cli.run(['doctor', '--server', 'http://127.0.0.1:9']);
      expect(code).toBe(1);
      expect(stdout).toContain('(server_silent)');
      expect(stderr).toContain('CONTROL_UNAVAILABLE');
    });

    it('knows nothing of a player: 1', async () => {
      const result = await cli.run(['doctor', 'Bob', '--json']);
      expect(result).toMatchObject({ code: 1, stdout: '' });
      expect(errorOf(result).code).toBe('AGENT_NOT_RUNNING');
    });
  });

  it("doctor examines the agent's own server, whatever its own settings say", async () => {
    await cli.startAgent();
    const { stdout } = await cli.run(['doctor', '--json', '--server', 'http://127.0.0.1:9']);
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
    const { child } = await cli.startAgent();
    const watching = cli.start(['status', '--watch', '--json']);
    const states = () =>
      watching.output.stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as { status: string }).status);
    await until('two looks', () => states().length >= 2);
    await end(child, 'SIGTERM');
    await until('the agent is missed', () => states().at(-1) === 'no_agent');
    await cli.startAgent();
    await until('the agent is back', () => states().at(-1) === 'no_party');
    await end(watching.child, 'SIGINT');
    expect(watching.child.exitCode).toBe(0);
    expect(watching.output.stderr).toBe('');
  }, 30_000);

  it('status --watch into a file: a block for each change', async () => {
    const { child } = await cli.startAgent();
    const { output, ...watching } = cli.start(['status', '--watch']);
    const blocks = () => output.stdout.match(/^\d\d:\d\d:\d\d$/gm) ?? [];
    await until('the first block', () => blocks().length === 1);
    await end(child, 'SIGTERM');
    await until('the second block', () => output.stdout.includes('No agent is running'));
    expect(blocks()).toHaveLength(2);
    expect(output.stdout).not.toContain('\u001b');
    await end(watching.child, 'SIGTERM');
    expect(watching.child.exitCode).toBe(0);
  }, 30_000);

  itWith('script', '--version', 'bsdutils')(
    'status --watch on a terminal: in place, and Ctrl-C gives the terminal back',
    async () => {
      const { child } = await cli.startAgent();
      const command = `'${process.execPath}' '${CommandLine.program}' status --watch`;
      const terminal = Terminal.open(command, cli.environment(), { columns: 60, rows: 10 });
      cli.own(terminal.child);
      const frames = () => terminal.output.stdout.split('\u001b[H').slice(1);
      await until('three frames', () => frames().length > 3);
      await end(child, 'SIGTERM');
      await until('the agent is missed', () => frames().at(-1)?.includes('No agent is running'));
      expect(await terminal.interrupt()).toBe(0);
      const written = terminal.output.stdout;
      expect(written.startsWith('\u001b[?1049h\u001b[?25l')).toBe(true);
      expect(written.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
      expect(frames()[0]).toMatch(/Ctrl-C ends\S*\r\n[^]*You are not in a party/);
    },
    30_000,
  );

  it('status --watch ends when nobody reads on', async () => {
    await cli.startAgent();
    const { child, output } = cli.start(['status', '--watch', '--json']);
    await until('the first look', () => output.stdout !== '');
    child.stdout.destroy();
    await until('the watch ends', () => child.exitCode !== null);
    expect(child.exitCode).toBe(0);
    expect(output.stderr).toBe('');
  }, 30_000);
});
