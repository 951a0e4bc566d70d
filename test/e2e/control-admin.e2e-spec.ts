/** What the operator of a server can do, over real HTTP and socket.io, with a real database. */
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../apps/client/src/config';
import { PartyManager } from '../../apps/client/src/party-manager';
import {
  adminPartyDetailsSchema,
  adminPartyPageSchema,
  adminRelayListSchema,
  drainedRelaySchema,
  serverBanPageSchema,
  serverBanSchema,
} from '../../apps/control/src/admin/admin.api';
import { ADMIN_TOKEN } from './support/admin-command';
import { AgentConnection, type Answer, refusal, send, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { TestRelay } from './support/control-relay';
import { until } from './support/processes';
import { StubNetwork } from './support/stub-network';

const token = ADMIN_TOKEN;

const expectRefusal = (answer: Answer, status: number, code: string) =>
  expect(refusal(answer)).toMatchObject({ status, code });

function administer(url: string, method: string, path: string, body?: object, by = token): Promise<Answer> {
  return send(url, method, `/v1/admin${path}`, {
    headers: { Authorization: `Bearer ${by}`, 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
}

describe('the operator', () => {
  let control: TestControl;
  let relay: TestRelay;
  const connections: AgentConnection[] = [];

  beforeAll(async () => {
    control = await TestControl.start({ LANRAGE_ADMIN_TOKEN: token });
    relay = new TestRelay(control.url, { region: 'eu' });
    await relay.connect();
  }, 60_000);
  afterEach(() => {
    for (const connection of connections.splice(0)) connection.close();
  });
  afterAll(async () => {
    relay.close();
    await control.close();
  }, 20_000);

  const admin = (method: string, path: string, body?: object) => administer(control.url, method, path, body);
  const newAgent = (name: string) => TestAgent.signIn(control.url, name);
  const connect = async (agent: TestAgent) => {
    const connection = await agent.connect();
    connections.push(connection);
    return connection;
  };
  const twoInParty = async (options: Parameters<TestAgent['create']>[0] = {}) => {
    const [alice, bob] = [await newAgent('Alice'), await newAgent('Bob')];
    const { id } = await alice.create(options);
    await bob.join(id);
    return { alice, bob, id };
  };
  const pairsOf = (id: string) => [...relay.open.keys()].filter((pair) => pair.startsWith(id));

  describe('sees the parties', () => {
    it('all of them, by page and by search, without any address', async () => {
      const { alice, id } = await twoInParty({ name: '100% Quake', public: true, persistent: true });
      const hidden = await (await newAgent('Carol')).create({ name: 'Secret', locked: true });
      const found = async (query: string) =>
        adminPartyPageSchema.parse((await admin('GET', `/parties${query}`)).body).parties;
      expect((await found('')).slice(0, 2)).toMatchObject([
        { id: hidden.id, hostName: 'Carol', playerCount: 1 },
        {
          ...{
            id,
            name: '100% Quake',
            playerCount: 2,
            maxPeers: 32,
            hostId: alice.peerId,
            hostName: 'Alice',
          },
          settings: { public: true, persistent: true, locked: false, hasPassword: false, sealed: false },
        },
      ]);
      expect((await found('?search=0%25%20quake')).map((party) => party.id)).toEqual([id]);
      expect((await found(`?search=${hidden.id}`)).map(({ name }) => name)).toEqual(['Secret']);
      expect(await found('?search=_____')).toEqual([]);
      const text = JSON.stringify((await admin('GET', `/parties/${id}`)).body);
      expect(text).not.toMatch(/10\.66\.|192\.0\.2|endpoint|virtualIp|discord/);
    });

    it('and who is in one, by key, connected or not', async () => {
      const { alice, bob, id } = await twoInParty();
      await connect(bob);
      const party = adminPartyDetailsSchema.parse((await admin('GET', `/parties/${id}`)).body);
      expect(party.members).toMatchObject([
        { name: 'Alice', publicKey: alice.publicKey, connected: false },
        { name: 'Bob', publicKey: bob.publicKey, connected: true },
      ]);
      expectRefusal(await admin('GET', '/parties/0123456789ab'), 404, 'PARTY_NOT_FOUND');
      expectRefusal(await admin('GET', '/parties/LAN'), 400, 'INVALID_PARTY_ID');
    });

    it('page by page, each once', async () => {
      const agents = await Promise.all(Array.from({ length: 52 }, (_, index) => newAgent(`Host ${index}`)));
      for (const agent of agents) await agent.create({ name: 'paged' });
      const seen: string[] = [];
      let cursor: string | null = '';
      for (let pages = 0; cursor !== null && pages < 5; pages++) {
        const answer: Answer = await admin('GET', `/parties?search=paged${cursor && `&cursor=${cursor}`}`);
        const page = adminPartyPageSchema.parse(answer.body);
        seen.push(...page.parties.map(({ id }) => id));
        cursor = page.nextCursor;
      }
      expect([seen.length, new Set(seen).size]).toEqual([52, 52]);
      expectRefusal(await admin('GET', '/parties?cursor=x'), 400, 'INVALID_REQUEST');
    }, 20_000);
  });

  it('closes a party: its members are told who did, and the relay lets go', async () => {
    const { alice, bob, id } = await twoInParty({ persistent: true });
    const told = [await connect(alice), await connect(bob)];
    expect(pairsOf(id)).toHaveLength(1);
    const closed = once(relay, 'closed');
    expect((await admin('DELETE', `/parties/${id}`)).status).toBe(204);
    for (const connection of told)
      expect(await connection.next('party.ended')).toEqual({
        partyId: id,
        revision: 3,
        reason: 'closed_by_operator',
      });
    await closed;
    expect(pairsOf(id)).toEqual([]);
    expectRefusal(await bob.tryJoin(id), 404, 'PARTY_NOT_FOUND');
    expectRefusal(await admin('DELETE', `/parties/${id}`), 404, 'PARTY_NOT_FOUND');
  });

  describe('bans a key from the server', () => {
    const ban = async ({ publicKey }: TestAgent) =>
      serverBanSchema.parse((await admin('POST', '/bans', { publicKey })).body);

    it('which leaves its party, is disconnected, and comes in by no door, old tokens included', async () => {
      const { alice, bob, id } = await twoInParty();
      const [toAlice, toBob] = [await connect(alice), await connect(bob)];
      const closed = once(relay, 'closed');
      const gone = once(toBob.socket as unknown as NodeJS.EventEmitter, 'disconnect');
      expect(await ban(bob)).toMatchObject({ peerId: bob.peerId, publicKey: bob.publicKey, name: 'Bob' });
      expect(await toBob.next('session.banned')).toEqual({});
      await Promise.all([gone, closed]);
      expect(await toAlice.next('member.left')).toMatchObject({ peerId: bob.peerId, reason: 'banned' });
      expect(pairsOf(id)).toEqual([]);
      toBob.close();

      const tries = [bob.tryJoin(id), bob.tryCreate(), bob.tryGet(id), bob.ask('GET', `${id}/state`)];
      for (const answer of await Promise.all(tries)) expectRefusal(answer, 403, 'BANNED_FROM_SERVER');
      await expect(bob.signIn()).rejects.toThrow();
      const proof = await bob.answerChallenge();
      const signIn = await send(control.url, 'POST', '/v1/auth/token', {
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(proof),
      });
      expectRefusal(signIn, 403, 'BANNED_FROM_SERVER');
      const [refused] = (await refusedConnection(bob)) as [{ data: unknown }];
      expect(refused.data).toMatchObject({ error: { code: 'BANNED_FROM_SERVER' } });
    });

    it('also over restarts, until the ban is lifted', async () => {
      const bob = await newAgent('Bob');
      const first = await ban(bob);
      await control.restart();
      await relay.announce();
      expectRefusal(await bob.tryCreate(), 403, 'BANNED_FROM_SERVER');
      expect(await ban(bob)).toEqual(first);
      const { bans } = serverBanPageSchema.parse((await admin('GET', '/bans')).body);
      expect(bans.filter(({ peerId }) => peerId === bob.peerId)).toEqual([first]);
      expect(first.name).toBeNull();
      expect((await admin('DELETE', `/bans/${bob.peerId}`)).status).toBe(204);
      expectRefusal(await admin('DELETE', `/bans/${bob.peerId}`), 404, 'NO_SUCH_BAN');
      expect((await bob.tryCreate()).status).toBe(201);
    }, 20_000);

    it('makes another one host when the host goes, and ends a party that nobody is left in', async () => {
      const { alice, bob, id } = await twoInParty();
      const toBob = await connect(bob);
      await ban(alice);
      expect(await toBob.next('member.left')).toMatchObject({ peerId: alice.peerId, hostId: bob.peerId });
      expect((await bob.get(id)).hostId).toBe(bob.peerId);
      await ban(bob);
      expectRefusal(await admin('GET', `/parties/${id}`), 404, 'PARTY_NOT_FOUND');
    });

    it('and finds whoever slipped in, by whichever control plane on this database', async () => {
      const host = join(control.dataDirectory, 'postgres/data');
      const other = await TestControl.start({
        DATABASE_URL: `postgres://lanrage@localhost/postgres?host=${encodeURIComponent(host)}`,
        LANRAGE_TOKEN_SECRET: 'a secret of another node of this test',
      });
      try {
        const bob = await TestAgent.signIn(other.url, 'Bob');
        const { id } = await bob.create();
        const toBob = await bob.connect();
        connections.push(toBob);
        await ban(bob);
        expect(await toBob.next('session.banned')).toEqual({});
        expectRefusal(await bob.tryGet(id), 403, 'BANNED_FROM_SERVER');
        await until('the party ended', async () => (await admin('GET', `/parties/${id}`)).status === 404);
      } finally {
        await other.close();
      }
    }, 30_000);

    it.each([
      ['no key', { publicKey: 'Bob' }, 'INVALID_PUBLIC_KEY'],
      ['nothing', {}, 'INVALID_PUBLIC_KEY'],
    ])('but not %s', async (_what, body, code) => {
      expectRefusal(await admin('POST', '/bans', body), 400, code);
    });

    const refusedConnection = async (agent: TestAgent) => {
      const connection = new AgentConnection(control.url, agent.token);
      connections.push(connection);
      return once(connection.socket as unknown as NodeJS.EventEmitter, 'connect_error');
    };
  });

  describe('drains relays', () => {
    const relays = async () => adminRelayListSchema.parse((await admin('GET', '/relays')).body).relays;
    const others: TestRelay[] = [];
    const addRelay = async (relayId: string) => {
      const added = new TestRelay(control.url, { relayId, publicAddress: '192.0.2.2' });
      others.push(added);
      await added.connect();
      return added;
    };
    afterEach(async () => {
      for (const other of others.splice(0)) other.close();
      await admin('POST', '/relays/relay-1/undrain');
    });

    it('which give their pairs away, and take no more until it is lifted', async () => {
      const { alice, bob, id } = await twoInParty();
      const [toAlice] = [await connect(alice), await connect(bob)];
      const second = await addRelay('relay-2');
      const before = await relays();
      expect(before).toMatchObject([
        { id: 'relay-1', region: 'eu', state: 'ready', draining: null, capacityPairs: 100 },
        { id: 'relay-2', state: 'ready', draining: null },
      ]);
      const answer = drainedRelaySchema.parse((await admin('POST', '/relays/relay-1/drain')).body);
      expect(answer).toMatchObject({ id: 'relay-1', draining: 'operator', alternative: true });
      await until('the pair has moved', () => [...second.open.keys()].some((pair) => pair.startsWith(id)), {
        timeoutMs: 15_000,
      });
      expect((await toAlice.next('relays.changed')).relays).toMatchObject({
        [bob.peerId]: { relayId: 'relay-2' },
      });
      const { id: next } = await twoInParty();
      expect(pairsOf(next)).toEqual([]);

      expect(await (await admin('POST', '/relays/relay-1/undrain')).body).toMatchObject({ draining: null });
      expect((await relays())[0]).toMatchObject({ id: 'relay-1', draining: null });
    }, 30_000);

    it('also when they reconnect and when the control plane restarts', async () => {
      const second = await addRelay('relay-2');
      await admin('POST', '/relays/relay-2/drain');
      second.socket.disconnect();
      await second.connect();
      expect((await relays())[1]).toMatchObject({ id: 'relay-2', state: 'ready', draining: 'operator' });
      second.close();
      await control.restart();
      expect(await relays()).toContainEqual(
        expect.objectContaining({ id: 'relay-2', region: null, state: 'unknown', draining: 'operator' }),
      );
      await until('the relay is back', async () => (await relays()).some(({ id }) => id === 'relay-1'));
      await relay.announce();
      const again = await addRelay('relay-2');
      const { id } = await twoInParty();
      expect([pairsOf(id).length, again.open.size]).toEqual([1, 0]);
      await admin('POST', '/relays/relay-2/undrain');
    }, 30_000);

    it('and is told when no other one has room', async () => {
      const answer = drainedRelaySchema.parse((await admin('POST', '/relays/relay-1/drain')).body);
      expect(answer.alternative).toBe(false);
    });

    it('but cannot keep one in service that is about to stop', async () => {
      const second = await addRelay('relay-2');
      await second.socket.timeout(5000).emitWithAck('drain', { withinMs: 60_000 });
      expect((await admin('POST', '/relays/relay-2/undrain')).body).toMatchObject({ draining: 'itself' });
    });

    it('takes the same order from several at once', async () => {
      const orders = Array.from({ length: 10 }, () => admin('POST', '/relays/relay-1/drain'));
      expect((await Promise.all(orders)).map(({ status }) => status)).toEqual(new Array(10).fill(200));
      await admin('POST', '/relays/relay-1/undrain');
    });

    it('that exist', async () => {
      expectRefusal(await admin('POST', '/relays/nowhere/drain'), 404, 'NO_SUCH_RELAY');
      expectRefusal(await admin('POST', '/relays/nowhere/undrain'), 404, 'NO_SUCH_RELAY');
      expectRefusal(await admin('POST', '/relays/%20/drain'), 400, 'INVALID_REQUEST');
    });
  });

  describe('is named to agents as the reason', () => {
    const homes: string[] = [];
    const managers: PartyManager[] = [];
    const player = async (nickname: string, home = mkdtempSync(join(tmpdir(), 'lanrage-player-'))) => {
      homes.push(home);
      const config = loadConfig({ home, server: control.url, nickname }, {});
      const manager = new PartyManager(config, new StubNetwork(config));
      managers.push(manager);
      await manager.initializeControl();
      await until(`${nickname} hears the server`, () => manager.control.connected);
      return manager;
    };
    const endOf = async (manager: PartyManager) => {
      await until('the party is over', () => manager.currentParty === null);
      const status = await manager.getPartyStatus();
      return status.status === 'no_party' ? status.endedBecause : null;
    };
    afterEach(async () => {
      for (const manager of managers.splice(0)) await manager.close();
      for (const home of homes.splice(0)) await rm(home, { recursive: true });
    });

    it('when it closed their party', async () => {
      const alice = await player('Alice');
      const { id } = await alice.createParty('LAN');
      await admin('DELETE', `/parties/${id}`);
      expect(await endOf(alice)).toEqual({
        code: 'PARTY_CLOSED_BY_OPERATOR',
        message: 'The operator closed the party. Ask them why, or create another one.',
      });
      expect((await alice.createParty('LAN')).id).not.toBe(id);
    });

    it('when it banned them, also if they were away at the time', async () => {
      const [alice, bob] = [await player('Alice'), await player('Bob')];
      const { id } = await alice.createParty('LAN');
      await bob.joinParty(id);
      const { publicKey } = [...(alice.currentParty?.getPeerList() ?? [])].find(
        ({ name }) => name === 'Bob',
      ) ?? { publicKey: '' };
      await control.restart();
      await relay.announce();
      expect((await admin('POST', '/bans', { publicKey })).status).toBe(200);
      const sentence =
        'The operator of this server has banned you from it. Ask them why, or use another server.';
      expect(await endOf(bob)).toEqual({ code: 'BANNED_FROM_SERVER', message: sentence });
      await expect(bob.joinParty(id)).rejects.toMatchObject({
        code: 'BANNED_FROM_SERVER',
        message: sentence,
      });
      await until('Alice lets go of Bob', () => alice.currentParty?.getPeerList().length === 1);
    }, 30_000);
  });
});

describe('administration', () => {
  const routes: [method: string, path: string][] = [
    ['GET', '/parties'],
    ['GET', '/parties/0123456789ab'],
    ['DELETE', '/parties/0123456789ab'],
    ['GET', '/bans'],
    ['POST', '/bans'],
    ['DELETE', '/bans/0123456789abcdef'],
    ['GET', '/relays'],
    ['POST', '/relays/relay-1/drain'],
    ['POST', '/relays/relay-1/undrain'],
  ];

  it('is off where no token is set, also for an empty one', async () => {
    const control = await TestControl.start();
    try {
      for (const [method, path] of routes)
        for (const by of ['', 'null', token])
          expectRefusal(
            await administer(control.url, method, path, undefined, by),
            404,
            'ADMINISTRATION_OFF',
          );
    } finally {
      await control.close();
    }
  }, 60_000);

  it('is closed to wrong tokens, and to guessers altogether', async () => {
    const control = await TestControl.start({
      LANRAGE_ADMIN_TOKEN: token,
      LANRAGE_LIMIT_ADMIN_TOKENS: String(routes.length + 1),
      LANRAGE_TRUST_PROXY: '1',
    });
    try {
      const agent = await TestAgent.signIn(control.url);
      for (const [method, path] of routes)
        expectRefusal(
          await administer(control.url, method, path, undefined, agent.token),
          401,
          'WRONG_ADMIN_TOKEN',
        );
      expect((await administer(control.url, 'GET', '/bans')).status).toBe(200);
      expectRefusal(
        await administer(control.url, 'GET', '/bans', undefined, token.slice(1)),
        401,
        'WRONG_ADMIN_TOKEN',
      );
      expectRefusal(
        await administer(control.url, 'GET', '/bans', undefined, `${token}x`),
        429,
        'RATE_LIMITED',
      );
      expectRefusal(await administer(control.url, 'GET', '/bans'), 429, 'RATE_LIMITED');
      const headers = { Authorization: `Bearer ${token}`, 'X-Forwarded-For': '203.0.113.5' };
      expect((await send(control.url, 'GET', '/v1/admin/bans', { headers })).status).toBe(200);
    } finally {
      await control.close();
    }
  }, 60_000);
});
