import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { postJson, refusal, send, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { root } from './support/processes';

const validator = join(root, 'node_modules/@seriousme/openapi-schema-validator/bin/validate-api-cli.js');

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
/** The schema of an error body whose code is one of some. */
const refusalWith = (code: string) => ({
  allOf: [
    ref('ErrorBody'),
    { properties: { error: { properties: { code: { enum: expect.arrayContaining([code]) as string[] } } } } },
  ],
});

/** What a validator has to say of a description of an API; nothing if it is right. */
async function faultsOf(description: object): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lanrage-openapi-'));
  const path = join(folder, 'api.json');
  await writeFile(path, JSON.stringify(description));
  const { status, stdout, stderr } = spawnSync(process.execPath, [validator, path], { encoding: 'utf8' });
  await rm(folder, { recursive: true });
  return status === 0 ? '' : stdout + stderr;
}

describe('operations', () => {
  let control: TestControl;

  beforeAll(async () => {
    control = await TestControl.start();
  }, 60_000);
  afterAll(() => control.close());

  const get = (path: string, headers: Record<string, string> = {}) =>
    send(control.url, 'GET', path, { headers });

  it('say that all is well', async () => {
    const { status, body } = await get('/health');
    expect([status, body]).toEqual([
      200,
      {
        status: 'ok',
        version: expect.any(String),
        uptimeSeconds: expect.any(Number),
        largestParty: { allowed: 256, relayed: 1 },
        relayFaults: [],
      },
    ]);
  });

  it('describe the API from the schemas that validate it', async () => {
    const { body } = (await get('/docs-json')) as {
      body: {
        openapi: string;
        paths: Record<string, Record<string, unknown>>;
        components: { schemas: Record<string, object> };
      };
    };
    expect(body.openapi).toBe('3.1.0');
    expect(await faultsOf(body)).toBe('');
    expect(Object.keys(body.paths).sort()).toEqual([
      '/health',
      '/v1/admin/bans',
      '/v1/admin/bans/{peerId}',
      '/v1/admin/parties',
      '/v1/admin/parties/{partyId}',
      '/v1/admin/relays',
      '/v1/admin/relays/{relayId}/drain',
      '/v1/admin/relays/{relayId}/undrain',
      '/v1/auth/challenge',
      '/v1/auth/token',
      '/v1/parties',
      '/v1/parties/owned',
      '/v1/parties/{partyId}',
      '/v1/parties/{partyId}/ban',
      '/v1/parties/{partyId}/bans',
      '/v1/parties/{partyId}/goodbyes',
      '/v1/parties/{partyId}/invites',
      '/v1/parties/{partyId}/invites/{inviteId}',
      '/v1/parties/{partyId}/join',
      '/v1/parties/{partyId}/kick',
      '/v1/parties/{partyId}/leave',
      '/v1/parties/{partyId}/state',
      '/v1/parties/{partyId}/unban',
      '/v1/relays/challenge',
      '/v1/server',
      '/v1/stats',
    ]);
    expect(body.paths['/v1/parties/{partyId}/join']?.['post']).toMatchObject({
      security: [{ bearer: [] }],
      parameters: [{ name: 'partyId', in: 'path', required: true, schema: { pattern: '^[0-9a-f]{12}$' } }],
      requestBody: { content: { 'application/json': { schema: ref('JoinPartyRequest') } } },
      responses: {
        200: { content: { 'application/json': { schema: ref('PartyEntry') } } },
        409: {
          description: expect.stringMatching(/PARTY_FULL[^]*NO_FREE_ADDRESS[^]*ALREADY_IN_PARTY/),
          content: {
            'application/json': { schema: refusalWith('PARTY_FULL'), examples: { PARTY_FULL: {} } },
          },
        },
      },
    });
    expect(body.components.schemas).toMatchObject({
      JoinPartyRequest: { required: ['peerName'], properties: { peerName: { example: 'Alice' } } },
      PartyEntry: { properties: { relays: {}, members: { items: ref('Member') } } },
      ErrorBody: { required: ['error'] },
    });
    expect(body.paths['/v1/admin/bans']?.['post']).toMatchObject({
      security: [{ admin: [] }],
      responses: { 401: { description: expect.stringContaining('WRONG_ADMIN_TOKEN') } },
    });
    const page = await fetch(new URL('/docs', control.url));
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ]);
  });

  it('count requests by route, without the ids in their paths', async () => {
    const agent = await TestAgent.signIn(control.url);
    const { id } = await agent.create();
    await agent.get(id);
    const text = await (await fetch(new URL('/metrics', control.url))).text();
    expect(text).toMatch(
      /lanrage_http_request_duration_seconds_count\{[^}]*route="\/v1\/parties\/:partyId"[^}]*\} 1/,
    );
    expect(text).toMatch(/^lanrage_agents_online 0$/m);
    expect(text).not.toContain(id);
  });

  it('keep the metrics from whoever comes through a proxy', async () => {
    expect(refusal(await get('/metrics', { 'X-Forwarded-For': '127.0.0.1' }))).toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it.each([
    ['half a document', '{"name": "LAN", "peerName"', 400, 'INVALID_REQUEST'],
    ['no object', '"LAN"', 400, 'INVALID_REQUEST'],
    ['nothing', '', 400, 'INVALID_NAME'],
    ['bytes', randomBytes(1000), 400, 'INVALID_REQUEST'],
    ['17 kB', JSON.stringify({ name: 'x'.repeat(17_000) }), 413, 'REQUEST_TOO_LARGE'],
    ['deep nesting', '['.repeat(8000) + ']'.repeat(8000), 400, 'INVALID_REQUEST'],
  ])('refuse a body that is %s', async (_what, body, status, code) => {
    const agent = await TestAgent.signIn(control.url);
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${agent.token}` };
    const answer = await send(control.url, 'POST', '/v1/parties', { headers, body });
    expect(refusal(answer)).toMatchObject({ status, code, retryable: false });
  });

  it('refuse a prototype that is sent along, and harm nobody', async () => {
    const agent = await TestAgent.signIn(control.url);
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${agent.token}` };
    const body =
      '{"name": "LAN", "peerName": "Alice", "__proto__": {"maxPeers": 3}, "constructor": {"x": 1}}';
    const answer = await send(control.url, 'POST', '/v1/parties', { headers, body });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ maxPeers: 32 });
  });

  it.each([
    ['GET', '/nowhere'],
    ['GET', '/v1/party'],
    ['DELETE', '/v1/parties'],
    ['GET', '/%'],
  ])('know no %s %s', async (method, path) => {
    const answer = await send(control.url, method, path);
    expect(['NOT_FOUND', 'INVALID_REQUEST']).toContain(refusal(answer).code);
  });

  it('survive what is not HTTP', async () => {
    const socket = connect(control.port, '127.0.0.1');
    await new Promise((resolve) => socket.resume().once('close', resolve).end(randomBytes(5000)));
    expect((await get('/health')).status).toBe(200);
  });
});

describe('limits', () => {
  let control: TestControl;

  beforeEach(async () => {
    control = await TestControl.start({
      LANRAGE_LIMIT_REQUESTS: '60',
      LANRAGE_LIMIT_SIGN_INS: '5',
      LANRAGE_LIMIT_CREATES: '3',
      LANRAGE_LIMIT_JOINS: '4',
      LANRAGE_TRUST_PROXY: '1',
      LANRAGE_METRICS_TOKEN: 'a token for the metrics',
    });
  }, 60_000);
  afterEach(() => control.close());

  const statuses = async (count: number, request: () => Promise<{ status: number }>) => {
    const answers: number[] = [];
    for (let sent = 0; sent < count; sent++) answers.push((await request()).status);
    return answers;
  };

  it('hold for sign-ins by client address, and for foundations and joins by player', async () => {
    const agent = new TestAgent(control.url);
    const neighbour = new TestAgent(control.url);
    await neighbour.signIn();
    const challenge = () => postJson(control.url, '/v1/auth/challenge', { publicKey: agent.publicKey });
    await agent.signIn();
    expect(await statuses(5, challenge)).toEqual([200, 200, 200, 429, 429]);
    expect(await statuses(4, () => agent.tryCreate())).toEqual([201, 409, 409, 429]);
    expect(await statuses(5, () => agent.tryJoin('0123456789ab'))).toEqual([409, 409, 409, 409, 429]);
    expect((await neighbour.tryCreate()).status).toBe(201);

    const refused = await challenge();
    expect(refusal(refused)).toMatchObject({ code: 'RATE_LIMITED', retryable: true });
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(refusal(refused).retryAfterSeconds).toBe(seconds);

    const fromElsewhere = { 'Content-Type': 'application/json', 'X-Forwarded-For': '203.0.113.5' };
    const body = JSON.stringify({ publicKey: agent.publicKey });
    const other = await send(control.url, 'POST', '/v1/auth/challenge', { headers: fromElsewhere, body });
    expect(other.status).toBe(200);
  });

  it('leave the metrics to whoever holds their token', async () => {
    const read = (headers: Record<string, string>) => fetch(new URL('/metrics', control.url), { headers });
    expect((await read({ Authorization: 'Bearer a token for the metrics' })).status).toBe(200);
    expect((await read({ Authorization: 'Bearer another token, alas' })).status).toBe(404);
    expect((await read({})).status).toBe(404);
  });

  it('hold for everything together, a flood of nonsense included', async () => {
    const nonsense = () =>
      send(control.url, 'POST', '/v1/parties', {
        headers: { 'Content-Type': 'application/json' },
        body: '{',
      });
    const answers = await statuses(70, nonsense);
    expect(answers.filter((status) => status === 429)).toHaveLength(10);
    expect((await send(control.url, 'GET', '/health')).status).toBe(429);
  });
});
