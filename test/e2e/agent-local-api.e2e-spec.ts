/** The local API of a real agent: what it answers to programs of the player, and that nobody else gets anything. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { askAgent } from '../../apps/client/src/agent/local-client';
import { answerSchema } from '../../apps/client/src/agent/local-openapi';
import { describeLab } from '../lab/available';
import { CommandLine, errorOf } from './support/command-line';
import { TestControl } from './support/control-app';
import { end, until } from './support/processes';

const PLAYER = 54_321;
const GROUP = 54_320;
const MOST_LISTENERS = 32;
const MOST_CONNECTIONS = 64;

interface Asked {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

type Place = { socketPath: string } | { port: number };

function send(place: Place, { method = 'POST', path = '/v1/status', headers = {}, body = '{}' }: Asked = {}) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request({ ...place, host: '127.0.0.1', method, path, headers, agent: false }, resolve);
    asked.on('error', reject).end(method === 'GET' ? '' : body);
  });
}

async function ask(place: Place, asked?: Asked): Promise<Answer> {
  const response = await send(place, asked);
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

const codeOf = ({ body }: Answer) => (JSON.parse(body) as { error?: { code: string } }).error?.code;

describe('the local API of an agent', () => {
  let control: TestControl;
  let cli: CommandLine;
  let socket: { socketPath: string };
  let page: { port: number };
  let token: string;
  let allowed: Record<string, string>;
  const opened: { destroy(): unknown }[] = [];

  beforeAll(async () => {
    control = await TestControl.start();
    cli = await CommandLine.open(control.url);
    await cli.startAgent();
    socket = { socketPath: join(cli.home, 'agent.sock') };
    const { stdout } = await cli.run(['ui', '--json']);
    const address = new URL((JSON.parse(stdout) as { address: string }).address);
    page = { port: Number(address.port) };
    token = address.hash.replace('#token=', '');
    allowed = { authorization: `Bearer ${token}` };
  }, 60_000);

  afterEach(() => {
    for (const one of opened.splice(0)) one.destroy();
  });

  afterAll(async () => {
    await cli?.close();
    await control?.close();
  }, 30_000);

  const follow = async (place: Place, headers: Record<string, string> = {}) => {
    const response = await send(place, { method: 'GET', path: '/v1/events', headers });
    opened.push(response);
    return response;
  };
  const dial = async (place: Place): Promise<Socket> => {
    const dialled = connect('port' in place ? { ...place, host: '127.0.0.1' } : { path: place.socketPath });
    opened.push(dialled.on('error', () => undefined));
    await once(dialled, 'connect');
    return dialled;
  };

  describe('for programs of the player', () => {
    it.each(['status', 'diagnose', 'doctor', 'settings'] as const)(
      'answers %s as it is described',
      async (operation) => {
        const answer = await askAgent(cli.home, operation, {});
        // Whatever is not described is not in what the schema lets through.
        expect(answerSchema(operation).parse(answer)).toEqual(answer);
      },
    );

    it('describes itself', async () => {
      const { status, body } = await ask(socket, { method: 'GET', path: '/v1/openapi.json' });
      expect([status, JSON.parse(body)]).toMatchObject([200, { openapi: '3.1.0' }]);
    });

    it('says at once how things stand to those who listen', async () => {
      const events = await follow(socket);
      expect(events.headers['content-type']).toBe('text/event-stream');
      const [first] = (await once(events.setEncoding('utf8'), 'data')) as [string];
      expect(first).toMatch(/^id: [0-9a-f]{8}-\d+\nevent: status\ndata: \{"status":"no_party".*\}\n\n$/);
    });

    it.each<[string, Asked, number, string]>([
      ['an unknown operation', { path: '/v1/dance' }, 404, 'NOT_FOUND'],
      ['an operation by GET', { method: 'GET' }, 404, 'NOT_FOUND'],
      ['another path', { method: 'GET', path: '/' }, 404, 'NOT_FOUND'],
      ['what is not JSON', { body: 'status' }, 400, 'INVALID_REQUEST'],
      ['what is malformed', { path: '/v1/ping', body: '{"peer":1}' }, 400, 'INVALID_REQUEST'],
      ['what is too large', { body: JSON.stringify('x'.repeat(170_000)) }, 413, 'REQUEST_TOO_LARGE'],
      ['what needs a party', { path: '/v1/awaitState', body: '{"version":0}' }, 400, 'NOT_IN_PARTY'],
    ])('refuses %s', async (_name, asked, status, code) => {
      const answer = await ask(socket, asked);
      expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    });
  });

  describe('at the port of the page', () => {
    it('answers to the page, and to programs with the token', async () => {
      expect((await ask(page, { headers: allowed })).status).toBe(200);
      const origin = `http://127.0.0.1:${page.port}`;
      const own = { ...allowed, origin, 'sec-fetch-site': 'same-origin' };
      expect((await ask(page, { headers: own })).status).toBe(200);
      expect((await follow(page, own)).statusCode).toBe(200);
    });

    it('stays the same for everybody who asks where it is', async () => {
      const { address } = await askAgent(cli.home, 'page', {});
      expect(address).toBe(`http://127.0.0.1:${page.port}/#token=${token}`);
    });

    const strangers: [string, Record<string, string>, number, string][] = [
      ['another user, without the token', { authorization: '' }, 401, 'WRONG_LOCAL_TOKEN'],
      ['another user, with a token', { authorization: `Bearer ${'A'.repeat(43)}` }, 401, 'WRONG_LOCAL_TOKEN'],
      ["a stranger's page", { origin: 'https://evil.example' }, 403, 'FOREIGN_REQUEST'],
      ['a page in a sandbox', { origin: 'null' }, 403, 'FOREIGN_REQUEST'],
      ['an image of a page', { 'sec-fetch-site': 'cross-site' }, 403, 'FOREIGN_REQUEST'],
      ['a page whose name was bent here', { host: 'evil.example:80' }, 403, 'FOREIGN_REQUEST'],
    ];
    for (const [method, path] of [
      ['POST', '/v1/status'],
      ['POST', '/v1/leave'],
      ['GET', '/v1/events'],
      ['GET', '/v1/openapi.json'],
      ['OPTIONS', '/v1/status'],
    ] as const)
      it.each(strangers)(`refuses ${method} ${path} to %s`, async (_name, headers, status, code) => {
        const answer = await ask(page, { method, path, headers: { ...allowed, ...headers } });
        expect([answer.status, codeOf(answer)]).toEqual([status, code]);
        // Nothing invites browsers to show the answer, or to ask once more.
        expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      });

    it('shows files to those who visit it, and to no other page', async () => {
      const file = (headers: Record<string, string>) => ask(page, { method: 'GET', path: '/', headers });
      const foreign = { 'sec-fetch-site': 'cross-site' };
      const visit = { ...foreign, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
      expect((await file(visit)).status).toBe(200);
      expect((await file({ ...visit, host: 'evil.example:80' })).status).toBe(403);
      expect((await file({ ...visit, 'sec-fetch-dest': 'iframe' })).status).toBe(403);
      expect((await file(foreign)).status).toBe(403);
      const { headers, body } = await file({});
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['cross-origin-resource-policy']).toBe('same-origin');
      expect(body).not.toContain(token);
    });

    it('is open on 127.0.0.1 alone', async () => {
      const elsewhere = connect({ port: page.port, host: '127.0.0.2' });
      const [error] = (await once(elsewhere, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).toBe('ECONNREFUSED');
    });
  });

  describe('has limits:', () => {
    it('a header', async () => {
      const { status } = await ask(socket, { headers: { long: 'x'.repeat(9_000) } });
      expect(status).toBe(431);
    });

    it('the time for a request', async () => {
      const slow = await dial(page);
      slow.resume().write('POST /v1/status HTTP/1.1\r\nHost:');
      await once(slow, 'close');
    }, 20_000);

    it('listeners, and those who wait', async () => {
      for (let count = 0; count < MOST_LISTENERS; count++)
        expect((await follow(socket)).statusCode).toBe(200);
      const answer = await ask(socket, { method: 'GET', path: '/v1/events' });
      expect([answer.status, codeOf(answer)]).toEqual([503, 'TOO_MANY_LISTENERS']);
      const waiting = await ask(socket, { path: '/v1/awaitState', body: '{"version":0}' });
      expect([waiting.status, codeOf(waiting)]).toEqual([503, 'TOO_MANY_LISTENERS']);
      opened.pop()?.destroy();
      await until('there is a place', async () => (await follow(socket)).statusCode === 200);
    });

    it('connections, of each door for itself', async () => {
      for (let count = 0; count < MOST_CONNECTIONS; count++) await dial(page);
      await expect(ask(page, { headers: allowed })).rejects.toThrow();
      expect((await ask(socket)).status).toBe(200);
      opened.pop()?.destroy();
      await until('there is a place', () =>
        ask(page, { headers: allowed }).then(
          ({ status }) => status === 200,
          () => false,
        ),
      );
    });
  });

  it('ends with its agent, whoever stays connected', async () => {
    const other = await CommandLine.open(control.url);
    try {
      const { child } = await other.startAgent();
      const { port } = new URL((await askAgent(other.home, 'page', {})).address);
      const events = await follow({ socketPath: join(other.home, 'agent.sock') });
      for (const place of [{ socketPath: join(other.home, 'agent.sock') }, { port: Number(port) }])
        await dial(place);
      events.resume();
      await end(child, 'SIGTERM');
      expect(child.exitCode).toBe(0);
    } finally {
      await other.close();
    }
  }, 20_000);
});

describeLab("root's agent and other users of the machine", () => {
  let cli: CommandLine;
  let groups: string;

  beforeEach(async () => {
    cli = await CommandLine.open('http://127.0.0.1:9');
    groups = join(mkdtempSync(join(tmpdir(), 'lanrage-groups-')), 'group');
    writeFileSync(groups, `root:x:0:\nlanrage:x:${GROUP}:\n`);
  });

  afterEach(async () => {
    await cli.close();
    rmSync(dirname(groups), { recursive: true });
  });

  /** Has commands see another list of groups, and nothing of this machine's own agent. */
  const onOwnMachine = (script: string) => ['unshare', '--mount', 'sh', '-c', `${script} && exec "$@"`, 'sh'];
  const asUser = (...memberships: string[]) => [
    ...['setpriv', '--reuid', `${PLAYER}`, '--regid', `${PLAYER}`],
    ...(memberships.length > 0 ? ['--groups', memberships.join()] : ['--clear-groups']),
  ];

  /** What a user gets at a socket. */
  async function knock(user: readonly string[]): Promise<string> {
    const script = `
      require('node:http').request({ socketPath: '${join(cli.home, 'agent.sock')}', path: '/v1/status', method: 'POST' },
        (answer) => console.log(answer.statusCode)).on('error', ({ code }) => console.log(code)).end('{}')`;
    const [command = '', ...args] = [...user, process.execPath, '-e', script];
    return (await promisify(execFile)(command, args)).stdout.trim();
  }

  it('lets in the group of players, who see nothing else, and no other user', async () => {
    cli.wrapper = onOwnMachine(`mount --bind ${groups} /etc/group`);
    await cli.startAgent();
    expect(await knock(asUser(`${GROUP}`))).toBe('200');
    expect(await knock(asUser())).toBe('EACCES');
    expect(statSync(cli.home).mode & 0o777).toBe(0o711);
    expect(statSync(join(cli.home, 'identity.key')).mode & 0o777).toBe(0o600);
  }, 30_000);

  it('lets in nobody where there is no such group', async () => {
    writeFileSync(groups, 'root:x:0:\n');
    cli.wrapper = onOwnMachine(`mount --bind ${groups} /etc/group`);
    await cli.startAgent();
    expect(await knock(asUser(`${GROUP}`))).toBe('EACCES');
  }, 30_000);

  it('is asked by the command line of a player who has none', async () => {
    cli.wrapper = onOwnMachine(`mount --bind ${groups} /etc/group && mount -t tmpfs none /var/lib`);
    const { child, output } = cli.start(['agent', '--json'], { LANRAGE_HOME: '' });
    await until('the agent is ready', () => output.stdout.includes('\n'));
    const inside = ['nsenter', `--mount=/proc/${child.pid}/ns/mnt`, '--'];
    const settings = { LANRAGE_HOME: '', HOME: '/nonexistent' };
    cli.wrapper = [...inside, ...asUser(`${GROUP}`)];
    const { code, stdout, stderr } = await cli.run(['status', '--json'], settings);
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'no_party' });
    cli.wrapper = [...inside, ...asUser()];
    expect(errorOf(await cli.run(['status', '--json'], settings)).code).toBe('PERMISSION_DENIED');
    await end(child, 'SIGTERM');
  }, 30_000);
});
