import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { io } from 'socket.io-client';
import { AGENT_NAMESPACE } from '#shared/api/signaling';
import { AgentConnection, refusal, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { until } from './support/processes';

/** Changes of one member that are closer together may be told as one. */
const PRESENCE_APART_MS = 300;
const open: AgentConnection[] = [];

async function connect(agent: TestAgent): Promise<AgentConnection> {
  const connection = await agent.connect();
  open.push(connection);
  return connection;
}

/** Alice, host and connected, and Bob, member and connected; both have heard of each other. */
async function aliceAndBob({ url }: TestControl) {
  const [alice, bob] = [await TestAgent.signIn(url, 'Alice'), await TestAgent.signIn(url, 'Bob')];
  const [toAlice, toBob] = [await connect(alice), await connect(bob)];
  const { id } = await alice.create();
  await bob.join(id);
  await toAlice.next('member.joined');
  return { alice, bob, toAlice, toBob, id };
}

afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
});

const HOUR_MS = 3_600_000;
/** All but Date, which shows the time of day. */
const realTimers: FakeableAPI[] = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
];

describe('signalling', () => {
  let control: TestControl;

  beforeAll(async () => {
    control = await TestControl.start();
  }, 60_000);
  afterAll(() => control.close());

  const newAgent = (name?: string) => TestAgent.signIn(control.url, name);

  it('starts with the party that the agent is in, or with none', async () => {
    const alice = await newAgent();
    expect((await connect(alice)).first).toEqual({ party: null });
    const party = await alice.create();
    const { first } = await connect(alice);
    expect(first.party).toEqual({ ...party, members: [{ ...party.members[0], online: true }] });
  });

  it('tells members of a joiner, and of one who leaves', async () => {
    const { alice, toAlice, toBob, id } = await aliceAndBob(control);
    const carol = await newAgent('Carol');
    const { members, revision } = await carol.join(id);
    const news = await Promise.all([toAlice.next('member.joined'), toBob.next('member.joined')]);
    const joined = { partyId: id, revision, member: members[2], relay: null, relayRefusal: 'no_relay' };
    expect(news[0]).toEqual(joined);
    expect(news[1]).toEqual(news[0]);

    await alice.leave(id);
    const left = {
      partyId: id,
      revision: revision + 1,
      peerId: alice.peerId,
      reason: 'left',
      hostId: members[1]?.id,
    };
    expect(await toBob.next('member.left')).toEqual(left);
    expect(toAlice.unread).toEqual([]);
  });

  it('tells of changes in the order of their revisions', async () => {
    const { toAlice, toBob, id } = await aliceAndBob(control);
    const others = await Promise.all(Array.from({ length: 20 }, () => newAgent()));
    await Promise.all(
      others.map(async (agent) => {
        await agent.join(id);
        await agent.leave(id);
      }),
    );
    for (const connection of [toAlice, toBob]) {
      await until('40 changes', () => connection.unread.length === 40);
      const revisions = connection.takeChanges().map(({ revision }) => revision);
      expect(revisions).toEqual(Array.from({ length: 40 }, (_, index) => 3 + index));
    }
  });

  it('tells of a new name as it tells of a joiner', async () => {
    const { bob, toAlice, id } = await aliceAndBob(control);
    await bob.join(id, 'Robert');
    expect(await toAlice.next('member.joined')).toMatchObject({
      revision: 3,
      member: { id: bob.peerId, name: 'Robert' },
    });
  });

  it('tells nobody else', async () => {
    const stranger = await connect(await newAgent());
    const { bob, toAlice, id } = await aliceAndBob(control);
    await bob.leave(id);
    await toAlice.next('member.left');
    expect(await stranger.ask('party.get', {})).toEqual({ ok: true, party: null });
    expect(stranger.unread).toEqual([]);
  });

  it('tells where members are: on- and offline, network and all', async () => {
    const { alice, bob, toAlice, toBob, id } = await aliceAndBob(control);
    const network = { natType: 'symmetric', endpoint: '192.0.2.9:41000', udp: 'nobody' } as const;
    expect(await toBob.ask('presence.update', network)).toMatchObject({ ok: true });
    const where = { partyId: id, peerId: bob.peerId, direct: true, ...network };
    expect(await toAlice.next('member.presence')).toEqual({ ...where, online: true });
    expect(await toBob.ask('presence.update', network)).toMatchObject({ ok: true });

    toBob.close();
    expect(await toAlice.next('member.presence')).toEqual({ ...where, online: false });
    await connect(bob);
    expect(await toAlice.next('member.presence')).toEqual({ ...where, online: true });
    expect((await alice.get(id)).members[1]).toMatchObject({ ...network, online: true });
  });

  it('gives a snapshot to whoever asks', async () => {
    const { alice, toAlice, id } = await aliceAndBob(control);
    expect(await toAlice.ask('party.get', {})).toEqual({ ok: true, party: await alice.get(id) });
  });

  it('keeps the place of a member that comes back in time', async () => {
    const { bob, toAlice, toBob, id } = await aliceAndBob(control);
    for (let round = 0; round < 3; round++) {
      await sleep(PRESENCE_APART_MS);
      toBob.socket.io.engine.close();
      expect(await toAlice.next('member.presence')).toMatchObject({ online: false });
      expect((await toBob.next('party.snapshot')).party).toMatchObject({ id, revision: 2 });
      expect(await toAlice.next('member.presence')).toMatchObject({ peerId: bob.peerId, online: true });
    }
    expect(toAlice.unread).toEqual([]);
  });

  it('lets the newer connection of a key replace the older one, which stays away', async () => {
    const { bob, toAlice, toBob } = await aliceAndBob(control);
    const newer = await connect(bob);
    await toBob.next('session.replaced');
    await until('the older connection to be closed', () => !toBob.socket.connected);
    expect(toBob.socket.active).toBe(false);
    expect(newer.socket.connected).toBe(true);
    expect(await toAlice.next('member.presence')).toMatchObject({ online: true });
    expect(toAlice.unread).toEqual([]);
  });

  it("lets a player come back when the server's clock was set back in between", async () => {
    const { bob, toBob } = await aliceAndBob(control);
    jest.useFakeTimers({ now: Date.now() - HOUR_MS, doNotFake: realTimers });
    try {
      const newer = await connect(bob);
      await toBob.next('session.replaced');
      expect(newer.socket.connected).toBe(true);
    } finally {
      jest.useRealTimers();
    }
  });

  it.each([
    ['no token', {}],
    ['a made-up token', { token: 'x.y.z' }],
    ['something else', { token: { admin: true } }],
  ])('lets nobody in with %s', async (_what, auth) => {
    const url = new URL(AGENT_NAMESPACE, control.url).href;
    const socket = io(url, { auth, transports: ['websocket'], forceNew: true, reconnection: false });
    const [error] = (await once(socket as unknown as NodeJS.EventEmitter, 'connect_error')) as [
      Error & { data: unknown },
    ];
    expect(error.data).toMatchObject({ error: { code: 'UNAUTHENTICATED', retryable: true } });
    socket.disconnect();
  });

  it.each([
    ['an unknown event', 'party.destroy', {}, 'NOT_FOUND'],
    ['a name from the prototype', 'constructor', {}, 'NOT_FOUND'],
    ['no payload', 'presence.update', undefined, 'INVALID_REQUEST'],
    ['a wrong NAT type', 'presence.update', { natType: 'wide open' }, 'INVALID_REQUEST'],
    ['an endpoint that is none', 'presence.update', { endpoint: 'http://example.com' }, 'INVALID_REQUEST'],
    ['a list', 'presence.update', [{ natType: 'open' }], 'INVALID_REQUEST'],
  ])('refuses %s, and goes on', async (_what, event, payload, code) => {
    const connection = await connect(await newAgent());
    expect(await connection.ask(event, payload)).toMatchObject({ ok: false, error: { code } });
    expect(await connection.ask('party.get', {})).toEqual({ ok: true, party: null });
  });

  it('does without acknowledgements', async () => {
    const { toAlice, toBob } = await aliceAndBob(control);
    toBob.socket.emit('presence.update', { natType: 'open' });
    toBob.socket.emit('presence.update');
    expect(await toAlice.next('member.presence')).toMatchObject({ natType: 'open' });
  });

  it('slows down whoever sends too much, and then lets go of it', async () => {
    const connection = await connect(await newAgent());
    const answers = await Promise.all(Array.from({ length: 20 }, () => connection.ask('party.get', {})));
    expect(answers.filter((answer) => answer.ok)).toHaveLength(10);
    expect(answers.find((answer) => !answer.ok)).toMatchObject({
      error: { code: 'RATE_LIMITED', retryAfterSeconds: 1 },
    });

    const gone = once(connection.socket as unknown as NodeJS.EventEmitter, 'disconnect');
    for (let sent = 0; sent < 200; sent++) connection.socket.emit('party.get', {});
    expect(await gone).toEqual(['io server disconnect']);
  });

  it('cuts off messages beyond all measure', async () => {
    const connection = await connect(await newAgent());
    const gone = once(connection.socket as unknown as NodeJS.EventEmitter, 'disconnect');
    connection.socket.emit('presence.update', { natType: 'x'.repeat(200_000) });
    expect((await gone)[0]).toMatch(/^transport/);
  });
});

describe('presence', () => {
  let control: TestControl;

  beforeAll(async () => {
    control = await TestControl.start({ LANRAGE_PRESENCE_TIMEOUT_SECONDS: '1' });
  }, 60_000);
  afterAll(() => control.close());

  it('ends the membership of a member that stays away, host or not', async () => {
    const { alice, bob, toAlice, toBob, id } = await aliceAndBob(control);
    toAlice.close();
    expect(await toBob.next('member.left')).toEqual({
      partyId: id,
      revision: 3,
      peerId: alice.peerId,
      reason: 'timed_out',
      hostId: bob.peerId,
    });
    expect((await connect(alice)).first.party).toBeNull();
    expect((await bob.get(id)).members).toHaveLength(1);
  });

  it('ends the membership of a member that never connects', async () => {
    const { toAlice, id } = await aliceAndBob(control);
    const carol = await TestAgent.signIn(control.url, 'Carol');
    await carol.join(id);
    await toAlice.next('member.joined');
    expect(await toAlice.next('member.left')).toMatchObject({ peerId: carol.peerId, reason: 'timed_out' });
  });

  it('finds its members again after a restart, and lets go of those that do not come back', async () => {
    const { alice, bob, toAlice, toBob, id } = await aliceAndBob(control);
    toBob.close();
    await toAlice.next('member.presence');
    await control.restart();
    const { party } = await toAlice.next('party.snapshot');
    expect(party).toMatchObject({
      id,
      revision: 2,
      members: [{ id: alice.peerId, online: true }, { online: false }],
    });
    // However short the time-out, those who were there before have longer than any agent takes to come back.
    const carol = await TestAgent.signIn(control.url, 'Carol');
    await carol.join(id);
    const left = { revision: 4, reason: 'timed_out', peerId: carol.peerId };
    expect(await toAlice.next('member.left')).toMatchObject(left);
    const later = { revision: 5, reason: 'timed_out', peerId: bob.peerId };
    expect(await toAlice.next('member.left', 30_000)).toMatchObject(later);
  }, 40_000);

  it('lets nobody go while nobody is connected, as it may be the server that is cut off', async () => {
    const { alice, bob, toAlice, toBob, id } = await aliceAndBob(control);
    [toAlice, toBob].forEach((connection) => connection.close());
    await sleep(3000);
    const back = await connect(alice);
    expect(back.first.party).toMatchObject({ id, members: [{ id: alice.peerId }, { id: bob.peerId }] });
    expect((await connect(bob)).first.party).toMatchObject({ id });
    expect(back.unread).not.toContain('member.left');
  });

  describe('of a member that timed out', () => {
    let couple: Awaited<ReturnType<typeof aliceAndBob>>;

    beforeEach(async () => {
      couple = await aliceAndBob(control);
      couple.toBob.close();
      await couple.toAlice.next('member.left');
    });

    it('is told with the party, also after a restart, until it is back', async () => {
      const { alice, bob, toAlice, id } = couple;
      expect((await alice.get(id)).timedOut).toEqual([bob.peerId]);
      await control.restart();
      const { party } = await toAlice.next('party.snapshot');
      expect(party).toMatchObject({ members: [{ id: alice.peerId }], timedOut: [bob.peerId] });
      expect((await bob.join(id)).timedOut).toEqual([]);
      expect((await alice.get(id)).timedOut).toEqual([]);
    });

    it('is not told any more when the member has left, as it did not', async () => {
      const { alice, bob, id } = couple;
      const connection = await bob.connect();
      await bob.join(id);
      await bob.leave(id);
      connection.close();
      expect((await alice.get(id)).timedOut).toEqual([]);
    });

    it.each([
      ['kick', 'kicked'],
      ['ban', 'banned'],
    ] as const)('is no reason against a %s, which the others hear of', async (verb, reason) => {
      const { alice, bob, toAlice, id } = couple;
      const news = { peerId: bob.peerId, reason, revision: 4, hostId: alice.peerId };
      expect((await alice.ask('POST', `${id}/${verb}`, { peerId: bob.peerId })).body).toMatchObject(news);
      expect(await toAlice.next('member.left')).toMatchObject(news);
      expect(await alice.get(id)).toMatchObject({ revision: 4, timedOut: [] });
      const back = await bob.tryJoin(id, 'Bob', { resume: true });
      expect(refusal(back).code).toBe(verb === 'kick' ? 'KICKED' : 'PARTY_NOT_FOUND');
    });
  });
});
