/** Invites over real HTTP and PostgreSQL: what they open, how they end, and that each use counts once. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { inviteListSchema, inviteSchema, type Invite } from '#shared/api/invites';
import { hashInviteSecret, inviteIdOf } from '#shared/party/invite';
import { codeOf, refusal, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';

const voucher = Buffer.alloc(32, 1).toString('base64');

describe('an invite', () => {
  let control: TestControl;

  beforeAll(async () => {
    control = await TestControl.start({ LANRAGE_TRUST_PROXY: '1', LANRAGE_LIMIT_PASSWORDS: '5' });
  }, 60_000);
  afterAll(() => control.close());

  const newAgent = (name = 'Player') => TestAgent.signIn(control.url, name);
  const newAgents = (count: number) => Promise.all(Array.from({ length: count }, () => newAgent()));
  const request = (secret: Buffer, more: object = {}) => ({
    secretHash: hashInviteSecret(secret).toString('base64'),
    expiresInSeconds: 3600,
    maxUses: null,
    ...more,
  });
  /** @returns the secret of a new invite */
  const invite = async (host: TestAgent, partyId: string, more: object = {}) => {
    const secret = randomBytes(16);
    const answer = await host.ask('POST', `${partyId}/invites`, request(secret, more));
    expect(answer.status).toBe(201);
    return secret;
  };
  const listed = async (host: TestAgent, partyId: string): Promise<Invite[]> =>
    inviteListSchema.parse((await host.ask('GET', `${partyId}/invites`)).body).invites;
  let addresses = 0;
  /** From an address of its own each time, so that the limits for one address are not what is tested. */
  const tryJoin = (agent: TestAgent, partyId: string, secret: Buffer, more: object = {}) => {
    const body = { peerName: agent.name, invite: secret.toString('base64'), ...more };
    addresses += 1;
    return agent.ask('POST', `${partyId}/join`, body, { 'X-Forwarded-For': `10.1.${addresses}.1` });
  };
  const idOf = (secret: Buffer) => inviteIdOf(hashInviteSecret(secret));

  async function query<Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<Row[]> {
    const host = join(control.dataDirectory, 'postgres/data');
    const client = new pg.Client({ host, user: 'lanrage', database: 'postgres' });
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }
  /** Lets the time of an invite be over. */
  const expire = (partyId: string, secret: Buffer) =>
    query('UPDATE invites SET expires_at = now() WHERE party_id = $1 AND id = $2', [partyId, idOf(secret)]);

  it('leads past lock and password', async () => {
    const [alice, bob] = [await newAgent('Alice'), await newAgent('Bob')];
    const { id } = await alice.create({ locked: true, password: 'only for friends' });
    expect(codeOf(await bob.tryJoin(id))).toBe('PARTY_LOCKED');
    const secret = await invite(alice, id);
    expect(codeOf(await tryJoin(bob, id, secret))).toBe('done');
    expect(await listed(alice, id)).toMatchObject([{ id: idOf(secret), uses: 1, maxUses: null }]);
    expect(codeOf(await tryJoin(bob, id, secret))).toBe('done');
    expect(await listed(alice, id)).toMatchObject([{ uses: 1 }]);
  });

  it('of 3 uses lets in 3 of 50 that come at the same instant', async () => {
    const [alice, ...crowd] = await newAgents(51);
    if (!alice) throw new Error('no host');
    const { id } = await alice.create({ maxPeers: 100, locked: true });
    const secret = await invite(alice, id, { maxUses: 3 });
    const codes = (await Promise.all(crowd.map((agent) => tryJoin(agent, id, secret)))).map(codeOf);
    expect(codes.filter((code) => code === 'done')).toHaveLength(3);
    expect(new Set(codes)).toEqual(new Set(['done', 'INVITE_EXPIRED']));
    expect((await alice.get(id)).members).toHaveLength(4);
    const [row] = await query('SELECT uses FROM invites WHERE party_id = $1', [id]);
    expect(row).toEqual({ uses: 3 });
    expect(await listed(alice, id)).toEqual([]);
  }, 30_000);

  it.each([
    ['its time is over', (id: string, secret: Buffer) => expire(id, secret)],
    [
      'the host took it back',
      async (id: string, secret: Buffer, host: TestAgent) => {
        expect((await host.ask('DELETE', `${id}/invites/${idOf(secret)}`)).status).toBe(204);
      },
    ],
  ])('leads nowhere when %s, also where no lock is', async (_why, end) => {
    const [alice, bob] = [await newAgent('Alice'), await newAgent('Bob')];
    const { id } = await alice.create();
    const secret = await invite(alice, id);
    await end(id, secret, alice);
    const answer = await alice.ask('GET', `${id}/invites`);
    expect(answer.body).toEqual({ invites: [] });
    expect(refusal(await tryJoin(bob, id, secret))).toMatchObject({
      status: 403,
      code: 'INVITE_EXPIRED',
      retryable: false,
      message: expect.stringMatching(/Ask the host/),
    });
    expect(codeOf(await bob.tryJoin(id))).toBe('done');
  });

  it('opens neither another party, nor what a ban or a full house closed', async () => {
    const [alice, bob, carol] = [await newAgent('Alice'), await newAgent('Bob'), await newAgent('Carol')];
    const { id } = await alice.create({ maxPeers: 2 });
    const other = await carol.create({ locked: true });
    const secret = await invite(alice, id);
    expect(codeOf(await tryJoin(bob, other.id, secret))).toBe('INVITE_EXPIRED');
    await alice.ask('POST', `${id}/ban`, { peerId: bob.peerId });
    const banned = refusal(await tryJoin(bob, id, secret));
    expect(banned).toEqual(refusal(await tryJoin(bob, 'ffffffffffff', secret)));
    await alice.ask('POST', `${id}/unban`, { peerId: bob.peerId });
    await carol.leave(other.id);
    expect(codeOf(await tryJoin(carol, id, secret))).toBe('done');
    expect(codeOf(await tryJoin(bob, id, secret))).toBe('PARTY_FULL');
    expect(await listed(alice, id)).toMatchObject([{ uses: 1 }]);
  });

  it('is for the host to make, to see and to take back', async () => {
    const [alice, bob, mallory] = [await newAgent('Alice'), await newAgent('Bob'), await newAgent('Mallory')];
    const { id } = await alice.create();
    const secret = await invite(alice, id);
    await bob.join(id);
    const path = `${id}/invites`;
    for (const [agent, code] of [
      [bob, 'NOT_HOST'],
      [mallory, 'PARTY_NOT_FOUND'],
    ] as const) {
      expect(codeOf(await agent.ask('POST', path, request(randomBytes(16))))).toBe(code);
      expect(codeOf(await agent.ask('GET', path))).toBe(code);
      expect(codeOf(await agent.ask('DELETE', `${path}/${idOf(secret)}`))).toBe(code);
    }
    expect(codeOf(await alice.ask('DELETE', `${path}/00000000`))).toBe('NO_SUCH_INVITE');
    expect(codeOf(await alice.ask('DELETE', `${path}/..%2f`))).toBe('INVALID_REQUEST');
    await alice.ask('PATCH', id, { hostId: bob.peerId });
    expect(codeOf(await alice.ask('GET', path))).toBe('NOT_HOST');
    expect(await listed(bob, id)).toHaveLength(1);
  });

  it.each([
    ['no secret', { secretHash: undefined }],
    ['half a secret', { secretHash: Buffer.alloc(16).toString('base64') }],
    ['no end', { expiresInSeconds: undefined }],
    ['an end too soon', { expiresInSeconds: 59 }],
    ['an end too late', { expiresInSeconds: 31 * 86_400 }],
    ['no use', { maxUses: 0 }],
    ['half a use', { maxUses: 0.5 }],
    ['too many uses', { maxUses: 1001 }],
  ])('with %s is none', async (_what, fault) => {
    const alice = await newAgent('Alice');
    const { id } = await alice.create();
    const answer = await alice.ask('POST', `${id}/invites`, request(randomBytes(16), fault));
    expect(refusal(answer)).toMatchObject({ status: 400, code: 'INVALID_REQUEST' });
  });

  it('is one of 64 that are good at the same time, and asked for twice the same one', async () => {
    const alice = await newAgent('Alice');
    const { id } = await alice.create();
    const make = (secret: Buffer) => alice.ask('POST', `${id}/invites`, request(secret));
    const secrets = Array.from({ length: 70 }, () => randomBytes(16));
    const codes = (await Promise.all(secrets.map(make))).map(codeOf);
    expect(codes.filter((code) => code === 'done')).toHaveLength(64);
    expect(codes.filter((code) => code === 'TOO_MANY_INVITES')).toHaveLength(6);
    const first = secrets[codes.indexOf('done')] as Buffer;
    expect(inviteSchema.parse((await make(first)).body).id).toBe(idOf(first));
    await expire(id, first);
    await invite(alice, id);
    const [row] = await query('SELECT count(*)::int FROM invites WHERE party_id = $1', [id]);
    expect(row).toEqual({ count: 64 });
  }, 20_000);

  it('is not guessed: wrong ones count like wrong passwords, and then a right one does not help', async () => {
    const [alice, bob] = [await newAgent('Alice'), await newAgent('Bob')];
    const { id } = await alice.create();
    const secret = await invite(alice, id);
    const tryFrom = (address: string, word: Buffer) =>
      bob.ask(
        'POST',
        `${id}/join`,
        { peerName: 'Bob', invite: word.toString('base64') },
        { 'X-Forwarded-For': address },
      );
    const codes = [];
    for (let guess = 0; guess < 5; guess++)
      codes.push(codeOf(await tryFrom('198.51.100.1', randomBytes(16))));
    expect(codes).toEqual(Array(5).fill('INVITE_EXPIRED'));
    expect(codeOf(await tryFrom('198.51.100.1', secret))).toBe('RATE_LIMITED');
    expect(codeOf(await tryFrom('198.51.100.2', secret))).toBe('done');
  });

  it('is kept as a hash, and gone with its party', async () => {
    const alice = await newAgent('Alice');
    const { id } = await alice.create();
    const secret = await invite(alice, id);
    const rows = await query('SELECT * FROM invites WHERE party_id = $1', [id]);
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(secret.toString('base64'));
    await alice.leave(id);
    expect(await query('SELECT * FROM invites WHERE party_id = $1', [id])).toEqual([]);
  });

  it('is the only way into a sealed party, with a voucher that the members see', async () => {
    const [alice, bob] = [await newAgent('Alice'), await newAgent('Bob')];
    const { id, settings, members } = await alice.create({ sealed: true, voucher });
    expect([settings.sealed, members[0]?.voucher]).toEqual([true, voucher]);
    const connection = await alice.connect();
    const secret = await invite(alice, id);
    expect(refusal(await bob.tryJoin(id))).toMatchObject({ status: 403, code: 'PARTY_SEALED' });
    expect(codeOf(await bob.tryJoin(id, 'Bob', { voucher }))).toBe('PARTY_SEALED');
    expect(codeOf(await tryJoin(bob, id, secret))).toBe('PARTY_SEALED');
    expect(codeOf(await tryJoin(bob, id, secret, { voucher }))).toBe('done');
    expect(await connection.next('member.joined')).toMatchObject({ member: { name: 'Bob', voucher } });
    connection.close();
    await bob.leave(id);
    expect(codeOf(await bob.tryJoin(id, 'Bob', { voucher }))).toBe('done');
    expect(codeOf(await alice.ask('PATCH', id, { name: 'Finals' }))).toBe('done');
    expect((await bob.get(id)).settings.sealed).toBe(true);
  });
});
