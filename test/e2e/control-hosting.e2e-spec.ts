/** What hosts and owners can do, over real HTTP and socket.io, with a real database. */
import { once } from 'node:events';
import { banListSchema } from '#shared/api/hosting';
import { agentEventSchemas } from '#shared/api/signaling';
import { type AgentConnection, type Answer, refusal, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { TestRelay } from './support/control-relay';
import { until } from './support/processes';

const nobody = '0'.repeat(16);

describe('the host of a party', () => {
  let control: TestControl;
  let relay: TestRelay;
  const connections: AgentConnection[] = [];

  beforeAll(async () => {
    control = await TestControl.start();
    relay = new TestRelay(control.url);
    await relay.connect();
  }, 60_000);
  afterEach(() => {
    for (const connection of connections.splice(0)) connection.close();
  });
  afterAll(async () => {
    relay.close();
    await control.close();
  });

  const newAgent = (name: string) => TestAgent.signIn(control.url, name);
  const connect = async (agent: TestAgent) => {
    const connection = await agent.connect();
    connections.push(connection);
    return connection;
  };
  /** Alice hosts Bob and Carol. */
  const threeInParty = async (options: Parameters<TestAgent['create']>[0] = {}) => {
    const [alice, bob, carol] = await Promise.all(['Alice', 'Bob', 'Carol'].map(newAgent));
    if (!alice || !bob || !carol) throw new Error('three agents');
    const { id } = await alice.create(options);
    for (const guest of [bob, carol]) expect((await guest.tryJoin(id, guest.name, options)).status).toBe(200);
    return { alice, bob, carol, id };
  };
  const members = async (agent: TestAgent, id: string) =>
    (await agent.get(id)).members.map((each) => each.id);
  const expectRefusal = (answer: Answer, status: number, code: string) =>
    expect(refusal(answer)).toMatchObject({ status, code });

  describe('removes players', () => {
    it.each([
      ['kick', 'kicked'],
      ['ban', 'banned'],
    ] as const)('%s: everybody hears of it, and the relay lets go', async (verb, reason) => {
      const { alice, bob, carol, id } = await threeInParty();
      const [toBob, toCarol] = [await connect(bob), await connect(carol)];
      expect([...relay.open.keys()].filter((pair) => pair.startsWith(id))).toHaveLength(3);
      const closed = once(relay, 'closed');
      const answer = await alice.ask('POST', `${id}/${verb}`, { peerId: bob.peerId });
      const left = agentEventSchemas['member.left'].parse(answer.body);
      expect(left).toEqual({ partyId: id, revision: 4, peerId: bob.peerId, reason, hostId: alice.peerId });
      expect(await toCarol.next('member.left')).toEqual(left);
      expect(await toBob.next('party.ended')).toEqual({ partyId: id, revision: 4, reason });
      await closed;

      expect([...relay.open.keys()].filter((pair) => pair.startsWith(id))).toHaveLength(1);
      expect(await members(alice, id)).toEqual([alice.peerId, carol.peerId]);
      expectRefusal(await bob.tryGet(id), 404, 'PARTY_NOT_FOUND');
      expect(toBob.unread).not.toContain('member.left');
    });

    it('who may come back after a kick by themselves, but not by an agent that noticed nothing', async () => {
      const { alice, bob, id } = await threeInParty();
      await alice.ask('POST', `${id}/kick`, { peerId: bob.peerId });
      expectRefusal(await bob.tryJoin(id, 'Bob', { resume: true }), 403, 'KICKED');
      await control.restart();
      await relay.announce();
      expectRefusal(await bob.tryJoin(id, 'Bob', { resume: true }), 403, 'KICKED');
      expect((await bob.join(id)).members).toHaveLength(3);
      expect((await bob.tryJoin(id, 'Bob', { resume: true })).status).toBe(200);
    });

    it('who find no party any more after a ban, under whatever name and however often they sign in', async () => {
      const { alice, bob, id } = await threeInParty({ password: 'let me in' });
      const missing = await (await newAgent('Dave')).tryJoin('0123456789ab');
      await alice.ask('POST', `${id}/ban`, { peerId: bob.peerId });
      for (const more of [{}, { password: 'let me in' }, { password: 'no idea' }, { resume: true }]) {
        await bob.signIn();
        const answer = await bob.tryJoin(id, 'Robert', more);
        expect(answer.status).toBe(404);
        expect(answer.body).toEqual(missing.body);
        expect(Object.fromEntries(answer.headers)).toEqual({
          ...Object.fromEntries(missing.headers),
          'x-request-id': expect.any(String),
          date: expect.any(String),
        });
      }
      await alice.ask('PATCH', id, { locked: true });
      expectRefusal(await bob.tryJoin(id), 404, 'PARTY_NOT_FOUND');
      expectRefusal(await bob.tryGet(id), 404, 'PARTY_NOT_FOUND');
    });

    it('who are listed for the host, and may come again when the ban is lifted', async () => {
      const { alice, bob, carol, id } = await threeInParty();
      const toCarol = await connect(carol);
      await alice.ask('POST', `${id}/ban`, { peerId: bob.peerId });
      expect((await alice.ask('POST', `${id}/ban`, { peerId: nobody })).status).toBe(200);
      await alice.ask('POST', `${id}/ban`, { peerId: nobody });
      const { bans } = banListSchema.parse((await alice.ask('GET', `${id}/bans`)).body);
      expect(bans).toMatchObject([
        { peerId: nobody, name: null },
        { peerId: bob.peerId, name: 'Bob' },
      ]);
      expect((await alice.ask('POST', `${id}/unban`, { peerId: bob.peerId })).status).toBe(204);
      expectRefusal(await alice.ask('POST', `${id}/unban`, { peerId: bob.peerId }), 404, 'NO_SUCH_PEER');
      expectRefusal(await bob.tryJoin(id, 'Bob', { resume: true }), 403, 'KICKED');
      expect((await bob.join(id)).members).toHaveLength(3);
      await toCarol.next('member.joined');
      expect(toCarol.takeChanges().map(({ revision }) => revision)).toEqual([4, 5, 6]);
    });

    it('but not itself, and not the owner of a persistent party', async () => {
      const { alice, bob, id } = await threeInParty({ persistent: true });
      for (const verb of ['kick', 'ban']) {
        expectRefusal(
          await alice.ask('POST', `${id}/${verb}`, { peerId: alice.peerId }),
          409,
          'CANNOT_REMOVE_YOURSELF',
        );
      }
      await alice.ask('PATCH', id, { hostId: bob.peerId });
      expectRefusal(await bob.ask('POST', `${id}/kick`, { peerId: alice.peerId }), 403, 'NOT_OWNER');
      expectRefusal(await bob.ask('POST', `${id}/ban`, { peerId: alice.peerId }), 403, 'NOT_OWNER');
      expectRefusal(await bob.ask('POST', `${id}/kick`, { peerId: nobody }), 404, 'NO_SUCH_PEER');
    });

    it('in the same moment as it is timed out or leaves', async () => {
      const { alice, bob, carol, id } = await threeInParty();
      const toCarol = await connect(carol);
      await Promise.all([bob.leave(id), alice.ask('POST', `${id}/ban`, { peerId: bob.peerId })]);
      expect(await members(alice, id)).toEqual([alice.peerId, carol.peerId]);
      expectRefusal(await bob.tryJoin(id), 404, 'PARTY_NOT_FOUND');
      await toCarol.next('member.left');
    });
  });

  describe('arranges the party', () => {
    it('and everybody hears of it, in order', async () => {
      const { alice, bob, id } = await threeInParty();
      const toBob = await connect(bob);
      const link = 'https://discord.gg/abc';
      const changes = [
        { name: 'Finals' },
        { maxPeers: 4, locked: true },
        { discordUrl: link },
        { hostId: bob.peerId },
      ];
      for (const change of changes) {
        const answer = await alice.ask('PATCH', id, change);
        expect(answer.status).toBe(200);
        expect(await toBob.next('party.changed')).toEqual(answer.body);
      }
      expect(await bob.get(id)).toMatchObject({
        revision: 7,
        name: 'Finals',
        maxPeers: 4,
        hostId: bob.peerId,
        ownerId: alice.peerId,
        settings: { locked: true, public: false, persistent: false, hasPassword: false, discordUrl: link },
      });
      expectRefusal(await alice.ask('PATCH', id, { name: 'Mine' }), 403, 'NOT_HOST');
      const unchanged = await bob.ask('PATCH', id, { name: 'Finals', discordUrl: link });
      expect(unchanged.body).toMatchObject({ revision: 7 });
      expect(toBob.unread).not.toContain('party.changed');
      await bob.ask('PATCH', id, { discordUrl: null });
      expect((await bob.get(id)).settings.discordUrl).toBeNull();
    });

    it.each([
      [
        'a Discord link that leads elsewhere',
        { discordUrl: 'https://discord.com.example' },
        'INVALID_DISCORD_LINK',
      ],
      ['a short password', { password: 'abc' }, 'INVALID_PASSWORD'],
      ['a long password', { password: 'x'.repeat(129) }, 'INVALID_PASSWORD'],
      ['a name that is none', { name: '\u0007' }, 'INVALID_NAME'],
      ['a size of one', { maxPeers: 1 }, 'INVALID_REQUEST'],
      ['a lock that is none', { locked: 'yes' }, 'INVALID_REQUEST'],
      ['a host that is none', { hostId: 'Bob' }, 'INVALID_REQUEST'],
    ])('but not with %s', async (_what, change, code) => {
      const alice = await newAgent('Alice');
      const { id } = await alice.create();
      expectRefusal(await alice.ask('PATCH', id, change), 400, code);
      expect((await alice.get(id)).revision).toBe(1);
    });

    it('locked: newcomers wait outside, members come back', async () => {
      const { alice, bob, carol, id } = await threeInParty();
      const dave = await newAgent('Dave');
      await alice.ask('PATCH', id, { locked: true });
      expectRefusal(await dave.tryJoin(id), 403, 'PARTY_LOCKED');
      expect((await bob.tryJoin(id)).status).toBe(200);
      await bob.leave(id);
      expect((await bob.tryJoin(id)).status).toBe(200);
      await alice.ask('POST', `${id}/kick`, { peerId: carol.peerId });
      expectRefusal(await carol.tryJoin(id), 403, 'PARTY_LOCKED');
      await alice.ask('PATCH', id, { locked: false });
      expect((await dave.tryJoin(id)).status).toBe(200);
    });

    it('smaller than it is: nobody has to go, and nobody comes', async () => {
      const { alice, bob, carol, id } = await threeInParty();
      await alice.ask('PATCH', id, { maxPeers: 2 });
      expect(await members(alice, id)).toHaveLength(3);
      await carol.leave(id);
      expectRefusal(await carol.tryJoin(id), 409, 'PARTY_FULL');
      await bob.leave(id);
      expect((await carol.tryJoin(id)).status).toBe(200);
      expectRefusal(await alice.ask('PATCH', id, { maxPeers: 257 }), 409, 'PARTY_TOO_LARGE');
      expect((await alice.ask('PATCH', id, { maxPeers: 256 })).body).toMatchObject({ maxPeers: 256 });
    });

    it('for exactly one more of fifty that want in while the size goes up and down', async () => {
      const [alice, bob] = [await newAgent('Alice'), await newAgent('Bob')];
      const racers = await Promise.all(Array.from({ length: 50 }, (_, index) => newAgent(`Racer ${index}`)));
      const { id } = await alice.create({ maxPeers: 2 });
      await bob.join(id);
      const race = async () => {
        const answers = await Promise.all(racers.map((agent) => agent.tryJoin(id)));
        return answers.map((answer) => (answer.status === 200 ? 'admitted' : refusal(answer).code));
      };
      const resize = async () => {
        for (const maxPeers of [3, 2, 3, 2, 3, 2, 3]) await alice.ask('PATCH', id, { maxPeers });
      };
      const [during] = await Promise.all([race(), resize()]);
      const after = await race();
      expect(new Set([...during, ...after])).toEqual(new Set(['admitted', 'PARTY_FULL']));
      // A player who got in before is a member, and joins again in the second race.
      expect(after.filter((outcome) => outcome === 'admitted')).toHaveLength(1);
      expect(await members(alice, id)).toHaveLength(3);
    }, 30_000);
  });

  it('is the only one who may, and for strangers there is no party', async () => {
    const { bob, carol, id } = await threeInParty();
    const stranger = await newAgent('Dave');
    const tries = (agent: TestAgent) => [
      agent.ask('PATCH', id, { name: 'Mine' }),
      agent.ask('PATCH', id, { password: 'secret' }),
      agent.ask('PATCH', id, { hostId: agent.peerId }),
      agent.ask('POST', `${id}/kick`, { peerId: carol.peerId }),
      agent.ask('POST', `${id}/ban`, { peerId: carol.peerId }),
      agent.ask('POST', `${id}/unban`, { peerId: carol.peerId }),
      agent.ask('GET', `${id}/bans`),
    ];
    for (const answer of await Promise.all(tries(bob))) expectRefusal(answer, 403, 'NOT_HOST');
    for (const answer of await Promise.all(tries(stranger))) expectRefusal(answer, 404, 'PARTY_NOT_FOUND');
    const ofOwners = (agent: TestAgent) => [
      agent.ask('PATCH', id, { persistent: true }),
      agent.ask('PATCH', id, { ownerId: agent.peerId }),
      agent.ask('DELETE', id),
    ];
    for (const answer of await Promise.all(ofOwners(bob))) expectRefusal(answer, 403, 'NOT_OWNER');
    for (const answer of await Promise.all(ofOwners(stranger))) expectRefusal(answer, 404, 'PARTY_NOT_FOUND');
    stranger.token = 'none';
    for (const answer of await Promise.all([...tries(stranger), ...ofOwners(stranger)]))
      expectRefusal(answer, 401, 'UNAUTHENTICATED');
  });

  describe('that is away', () => {
    it('is succeeded by whoever is there, when it leaves while the longest-present player is away', async () => {
      const { alice, bob, carol, id } = await threeInParty();
      const [toBob, toCarol] = [await connect(bob), await connect(carol)];
      toBob.close();
      await until('Bob is away', async () => !(await carol.get(id)).members[1]?.online);
      await alice.leave(id);
      expect(await toCarol.next('member.left')).toMatchObject({ hostId: carol.peerId });
      expect((await carol.ask('POST', `${id}/kick`, { peerId: bob.peerId })).status).toBe(200);
    });

    it('keeps its role for a moment, and then only until somebody needs a host', async () => {
      const { alice, bob, carol, id } = await threeInParty();
      const [toAlice, toBob, toCarol] = [await connect(alice), await connect(bob), await connect(carol)];
      toAlice.close();
      await until('Alice is away', async () => !(await bob.get(id)).members[0]?.online);
      expectRefusal(await bob.ask('POST', `${id}/kick`, { peerId: alice.peerId }), 403, 'NOT_HOST');
      expect((await bob.get(id)).hostId).toBe(alice.peerId);
      // Asking for what only a host may do, Carol finds out when Alice had the time to come back: Bob is host then, not she.
      await until('Alice is gone', async () => {
        expectRefusal(await carol.ask('GET', `${id}/invites`), 403, 'NOT_HOST');
        return (await carol.get(id)).hostId === bob.peerId;
      });
      expect(await toCarol.next('party.changed')).toMatchObject({ revision: 4, hostId: bob.peerId });
      toBob.close();
      await until('Bob is gone', async () => (await carol.ask('PATCH', id, { locked: true })).status === 200);
      expect(await toCarol.next('party.changed')).toMatchObject({ revision: 5, hostId: carol.peerId });
      expect(await toCarol.next('party.changed')).toMatchObject({ revision: 6, settings: { locked: true } });
      await connect(alice);
      expectRefusal(await alice.ask('PATCH', id, { locked: false }), 403, 'NOT_HOST');
      // Without a connection, but by its own requests it is there.
      toCarol.close();
      expect((await carol.ask('POST', `${id}/ban`, { peerId: alice.peerId })).status).toBe(200);
    }, 30_000);

    it('has one successor when many need one at the same moment', async () => {
      const { alice, bob, carol, id } = await threeInParty();
      const [toAlice, toBob, toCarol] = [await connect(alice), await connect(bob), await connect(carol)];
      toAlice.close();
      const kick = (agent: TestAgent, target: TestAgent) =>
        agent.ask('POST', `${id}/kick`, { peerId: target.peerId });
      await until('Alice is kicked', async () => {
        const [byBob, byCarol] = await Promise.all([kick(bob, alice), kick(carol, alice)]);
        expectRefusal(byCarol, 403, 'NOT_HOST');
        return byBob.status === 200;
      });
      for (const connection of [toBob, toCarol]) {
        expect(await connection.next('party.changed')).toMatchObject({ hostId: bob.peerId });
        expect(await connection.next('member.left')).toMatchObject({ reason: 'kicked', hostId: bob.peerId });
      }
    }, 30_000);
  });

  it('is not the owner: who created the party may close it, and everybody is told', async () => {
    const { alice, bob, carol, id } = await threeInParty();
    await alice.ask('PATCH', id, { hostId: bob.peerId });
    const [toAlice, toCarol] = [await connect(alice), await connect(carol)];
    expectRefusal(await bob.ask('DELETE', id), 403, 'NOT_OWNER');
    expect((await alice.ask('DELETE', id)).status).toBe(204);
    for (const connection of [toAlice, toCarol])
      expect(await connection.next('party.ended')).toMatchObject({ partyId: id, reason: 'closed' });
    expectRefusal(await carol.tryJoin(id), 404, 'PARTY_NOT_FOUND');
    expect([...relay.open.keys()].filter((pair) => pair.startsWith(id))).toEqual([]);
    expect((await alice.create()).id).not.toBe(id);
  });

  it('is not kept from acting by members who change what all hear of, as they can do that only so often', async () => {
    const { alice, bob, carol, id } = await threeInParty({ maxPeers: 60 });
    // In a party of 60 a member has 133 changes at once, and 13 more in each second that a busy machine takes.
    const others = Array.from({ length: 57 }, (_, index) => newAgent(`Guest ${index}`));
    for (const guest of await Promise.all(others)) await guest.join(id);
    const untilRefused = async (change: (index: number) => ReturnType<typeof bob.tryJoin>) => {
      for (let done = 0; done < 1_500; done += 150) {
        const answers = await Promise.all(Array.from({ length: 150 }, (_, index) => change(done + index)));
        const refused = answers.filter(({ status }) => status !== 200).map(refusal);
        if (refused.length > 0) return { refused, accepted: done + answers.length - refused.length };
      }
      throw new Error('nothing was refused');
    };
    const { refused } = await untilRefused((index) => bob.tryJoin(id, `Bob ${index}`));
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['RATE_LIMITED']));
    expect(refused[0]?.retryAfterSeconds).toBeGreaterThan(0);
    const rename = (index: number) => alice.ask('PATCH', id, { name: `Party ${index}` });
    expect((await untilRefused(rename)).accepted).toBeGreaterThan(100);
    // What has become free meanwhile is used up by as many changes more.
    const more = Array.from({ length: 20 }, (_, index) => rename(index));
    const kick = alice.ask('POST', `${id}/kick`, { peerId: carol.peerId });
    await Promise.all(more);
    expectRefusal(await kick, 429, 'RATE_LIMITED');
    expect((await carol.tryJoin(id, 'Caroline')).status).toBe(200);
  }, 60_000);
});
