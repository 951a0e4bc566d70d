/** A control plane of several nodes does what one does, and outlives any of them. */
import type { PartySnapshot } from '#shared/api/party';
import { stateEntrySchema } from '#shared/api/state';
import { describeRedis } from '../fixtures/redis';
import { AgentConnection, postJson, refusal, send, TestAgent } from './support/control-agent';
import { ControlNodes, metric, type ControlNode } from './support/control-nodes';
import { TestRelay } from './support/control-relay';
import { end, until } from './support/processes';

describeRedis('several nodes', () => {
  let control: ControlNodes;
  const relays: TestRelay[] = [];
  const connections: AgentConnection[] = [];

  beforeAll(async () => {
    control = await ControlNodes.start(2, { LANRAGE_PRESENCE_TIMEOUT_SECONDS: '8' });
  }, 60_000);
  afterEach(async () => {
    for (const each of [...relays.splice(0), ...connections.splice(0)]) each.close();
    for (const node of control.nodes) {
      const { exitCode, signalCode } = node.process;
      if (exitCode !== null || signalCode !== null) await control.replace(node);
    }
  }, 30_000);
  afterAll(() => control.close(), 30_000);

  /** Connects a relay that does as ours: it announces what it has whenever it has connected. */
  const addRelay = async (url: string) => {
    const relay = new TestRelay(url);
    relays.push(relay);
    await relay.connect();
    relay.socket.on('connect', () => void relay.announce().catch(() => undefined));
    return relay;
  };
  const agentAt = async (url: string, name: string) => {
    const agent = await TestAgent.signIn(url, name);
    const connection = await agent.connect();
    connections.push(connection);
    return [agent, connection] as const;
  };
  const [one, other] = [() => control.nodes[0] as ControlNode, () => control.nodes[1] as ControlNode];
  /** Alice at one node, Bob at the other, a relay at either. */
  const couple = async (relayAt = other) => {
    const relay = await addRelay(relayAt().url);
    const [alice, toAlice] = await agentAt(one().url, 'Alice');
    const [bob, toBob] = await agentAt(other().url, 'Bob');
    const { id } = await alice.create();
    return { relay, alice, toAlice, bob, toBob, id };
  };

  it('let an agent begin its sign-in at one and end it at the other', async () => {
    const agent = new TestAgent(one().url);
    const challenge = await agent.answerChallenge(new URL(other().url).host);
    expect((await postJson(other().url, '/v1/auth/token', challenge)).status).toBe(200);
    expect(refusal(await postJson(one().url, '/v1/auth/token', challenge)).code).toBe('CHALLENGE_EXPIRED');
  });

  it.each([
    ['one', one],
    ['the other', other],
  ])('bring players together whose relay is at %s', async (_which, relayAt) => {
    const { relay, alice, toAlice, bob, toBob, id } = await couple(relayAt);
    const joined = await bob.join(id);
    const news = await toAlice.next('member.joined');
    expect(news).toMatchObject({ revision: 2, member: { id: bob.peerId, online: true } });
    expect(joined.relays[alice.peerId]).toEqual(news.relay);
    expect(news.relay).toEqual({
      relayId: 'relay-1',
      endpoint: `192.0.2.1:${[...relay.open.values()][0]?.port}`,
    });

    const network = { natType: 'symmetric', endpoint: '192.0.2.9:41000' };
    expect(await toBob.ask('presence.update', network)).toMatchObject({ ok: true });
    expect(await toAlice.next('member.presence')).toMatchObject({ peerId: bob.peerId, ...network });

    const [pair] = relay.open.values();
    const observations = [alice, bob].map(({ publicKey }, place) => ({
      pairId: pair?.pairId,
      publicKey,
      endpoint: `198.51.100.7:${9000 + place}`,
    }));
    await relay.socket.timeout(5000).emitWithAck('pairs.observed', { observations });
    expect(await toAlice.next('path.attempt')).toMatchObject({ peerId: bob.peerId, attempt: 1 });
    expect(await toBob.next('path.attempt')).toMatchObject({ peerId: alice.peerId, attempt: 1 });

    const entry = { key: 'map', value: 'dust', version: 0 };
    const written = stateEntrySchema.parse((await bob.ask('POST', `${id}/state`, entry)).body);
    expect(await toAlice.next('state.changed')).toEqual({ partyId: id, ...written });

    expect((await alice.ask('POST', `${id}/kick`, { peerId: bob.peerId })).status).toBe(200);
    expect(await toBob.next('party.ended')).toMatchObject({ reason: 'kicked' });
    await until('the relay to close the pair', () => relay.open.size === 0);
  });

  it('know a player by its newest connection, wherever that is', async () => {
    const { alice, toAlice } = await couple();
    const elsewhere = new AgentConnection(other().url, alice.token);
    connections.push(elsewhere);
    await toAlice.next('session.replaced');
    expect(await elsewhere.next('party.snapshot')).toMatchObject({ party: { name: 'LAN' } });
    await until('the older one to end', () => !toAlice.socket.connected);
    expect(elsewhere.socket.connected).toBe(true);
  });

  it('know at each of them that a host is gone', async () => {
    const { alice, toAlice, bob, id } = await couple();
    await bob.join(id);
    toAlice.close();
    await until('Bob is host', async () => (await bob.ask('PATCH', id, { locked: true })).status === 200);
    // Before she timed out.
    expect((await bob.get(id)).members.map((member) => member.id)).toEqual([alice.peerId, bob.peerId]);
  }, 20_000);

  it('let one of fifty in who race for one place at both', async () => {
    const { alice, toAlice } = await couple();
    for (let round = 0; round < 4; round++) {
      const racers = await Promise.all(
        Array.from({ length: 50 }, (_, place) => TestAgent.signIn([one, other][place % 2]?.().url ?? '')),
      );
      const host = racers[0] as TestAgent;
      const { id } = await host.create({ maxPeers: 2 });
      const answers = await Promise.all(racers.slice(1).map((racer) => racer.tryJoin(id)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      const refusals = answers.filter(({ status }) => status !== 200).map((answer) => refusal(answer).code);
      expect(new Set(refusals)).toEqual(new Set(['PARTY_FULL']));
    }
    expect(toAlice.socket.connected && alice.token).toBeTruthy();
  }, 30_000);

  it.each([
    ['leads', true],
    ['follows', false],
  ])(
    'go on when a node is killed that %s',
    async (_what, isLeader) => {
      const { leader, others } = await control.roles();
      const victim = isLeader ? leader : (others[0] as ControlNode);
      const relay = await addRelay(control.url);
      const players = await Promise.all(
        Array.from({ length: 8 }, (_, number) => agentAt(control.url, `Player ${number}`)),
      );
      const [[host, toHost], ...guests] = players as [(typeof players)[0], ...typeof players];
      const { id } = await host.create();
      for (const [guest] of guests) await guest.join(id);
      await until('all pairs to be open', () => relay.open.size === 28);
      const ports = new Map([...relay.open].map(([pairId, { port }]) => [pairId, port]));
      const before = await host.get(id);
      for (const [, connection] of players) connection.forget();

      await end(victim.process, 'SIGKILL');
      const killedAtMs = performance.now();
      await until('all to be back', () => players.every(([, { socket }]) => socket.connected));
      // Each has its snapshot: from its new node, or from the new leader.
      const back = players.map(([, connection]) => connection.next('party.snapshot'));
      if (isLeader) await Promise.all(back);
      else await Promise.race(back);
      expect(performance.now() - killedAtMs).toBeLessThan(isLeader ? 30_000 : 15_000);
      await until('all to be seen', async () => (await host.get(id)).members.every(({ online }) => online));
      await until('the relay to be back', async () => {
        const { relays: sessions } = await host.get(id);
        return relay.socket.connected && Object.values(sessions).every((session) => session !== null);
      });
      expect((await host.get(id)).relays).toEqual(before.relays);
      expect(new Map([...relay.open].map(([pairId, { port }]) => [pairId, port]))).toEqual(ports);

      const [newcomer] = await agentAt(control.url, 'Late');
      await newcomer.join(id);
      expect((await toHost.next('member.joined')).member.name).toBe('Late');
      expect(toHost.unread.filter((event) => event === 'member.left')).toEqual([]);
    },
    60_000,
  );

  it('let go of a member whose node was killed and who does not come back', async () => {
    const { leader, others } = await control.roles();
    const [follower] = others as [ControlNode];
    const [host, toHost] = await agentAt(leader.url, 'Host');
    const [guest] = await agentAt(follower.url, 'Guest');
    const { id } = await host.create();
    await guest.join(id);
    await until('the guest to be online', async () => (await host.get(id)).members[1]?.online);
    for (const connection of connections.slice(1)) connection.socket.io.reconnection(false);
    await end(follower.process, 'SIGKILL');
    await until('the guest to be seen offline', async () => !(await host.get(id)).members[1]?.online);
    expect(await toHost.next('member.left')).toMatchObject({ peerId: guest.peerId, reason: 'timed_out' });
  }, 40_000);

  it('refuse what is new while Redis is away, keep what is there, and heal', async () => {
    const { alice, toAlice, bob, toBob, id, relay } = await couple();
    await bob.join(id);
    const isOpen = ({ relays: { [bob.peerId]: session } }: Pick<PartySnapshot, 'relays'>) =>
      [...relay.open.values()].some(({ port }) => session?.endpoint.endsWith(`:${port}`));
    const before = await until('a pair', async () => {
      const party = await alice.get(id);
      return isOpen(party) && party;
    });
    await control.redis.kill();
    const refused = await until('refusals', async () => {
      const answer = await alice.tryCreate();
      return answer.status === 503 && answer;
    });
    expect(refusal(refused)).toMatchObject({
      code: 'CONTROL_UNAVAILABLE',
      retryable: true,
      retryAfterSeconds: 2,
    });
    for (const { url } of control.nodes) {
      const health = await until('the node to say so', async () => {
        const answer = await send(url, 'GET', '/health');
        return answer.status === 503 && answer;
      });
      expect(refusal(health).code).toBe('CONTROL_UNAVAILABLE');
    }
    expect([isOpen(before), toBob.socket.connected]).toEqual([true, true]);
    // Bob moves to another network meanwhile, of which nobody can be told.
    expect(await toBob.ask('presence.update', { natType: 'symmetric', endpoint: null })).toMatchObject({
      ok: false,
      error: { code: 'CONTROL_UNAVAILABLE' },
    });
    toAlice.forget();
    await control.redis.up();
    const { party } = await toAlice.next('party.snapshot');
    expect(party?.members[1]).toMatchObject({ id: bob.peerId, online: true, natType: 'symmetric' });
    const { status } = await until('parties to be founded again', async () => {
      const [carol] = await agentAt(control.url, 'Carol');
      const answer = await carol.tryCreate();
      return answer.status === 201 && answer;
    });
    expect(status).toBe(201);
    await until('the relay to be back', async () => isOpen(await alice.get(id)));
  }, 60_000);

  it('send agents to another node before the leader takes them for gone', async () => {
    const [, connection] = await agentAt(one().url, 'Alice');
    const parted: string[] = [];
    connection.socket.on('disconnect', (reason) => parted.push(reason));
    await control.redis.kill();
    // Half the presence time-out; and it may try again by itself.
    await until('the agent to be sent away', () => parted.length > 0);
    expect(parted[0]).toBe('transport close');
    await control.redis.up();
    await until('the agent to be back', () => {
      // Ours tries again when it is refused; socket.io's client alone does not.
      if (!connection.socket.active) connection.socket.connect();
      return connection.socket.connected;
    });
    expect(await metric(one().url, 'lanrage_agents_online')).toBeGreaterThan(0);
  }, 40_000);
});

describeRedis('limits of several nodes', () => {
  let control: ControlNodes;
  beforeAll(async () => {
    control = await ControlNodes.start(2, { LANRAGE_LIMIT_SIGN_INS: '3' });
  }, 60_000);
  afterAll(() => control.close(), 30_000);

  it('count what all of them were asked', async () => {
    const [one, other] = control.nodes.map(({ url }) => url) as [string, string];
    const statuses: number[] = [];
    for (const url of [one, other, one, other]) {
      const { publicKey } = new TestAgent(url);
      statuses.push((await postJson(url, '/v1/auth/challenge', { publicKey })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
  });
});
