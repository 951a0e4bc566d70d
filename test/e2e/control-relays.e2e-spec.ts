import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { serverInfoSchema } from '#shared/api/rest';
import { publicKeyOf } from '#shared/auth/proof';
import { formatEndpoint } from '#shared/endpoint';
import { peerIdOf } from '#shared/party/identity';
import { AgentConnection, send, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { TestRelay } from './support/control-relay';
import { until } from './support/processes';
import { letPass } from './support/clock';

const otherNonce = Buffer.alloc(32, 7).toString('base64');

describe('relays', () => {
  let control: TestControl;
  const relays: TestRelay[] = [];
  const connections: AgentConnection[] = [];

  beforeAll(async () => {
    control = await TestControl.start();
  }, 60_000);
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const each of [...relays.splice(0), ...connections.splice(0)]) each.close();
    await control.restart(); // which forgets relays and pairs
  }, 20_000);
  afterAll(() => control.close());

  const addRelay = async (...args: [handshake?: ConstructorParameters<typeof TestRelay>[1]]) => {
    const relay = new TestRelay(control.url, ...args);
    relays.push(relay);
    await relay.connect();
    return relay;
  };
  const connectedAgent = async (name?: string) => {
    const agent = await TestAgent.signIn(control.url, name);
    const connection = await agent.connect();
    connections.push(connection);
    return [agent, connection] as const;
  };
  const only = <Item>(items: Iterable<Item>): Item => {
    const [item, ...others] = items;
    if (item === undefined || others.length > 0) throw new Error('not exactly one');
    return item;
  };
  /** As if they had joined, and were away. */
  const addMembers = async (partyId: string, count: number) => {
    const keys = Array.from({ length: count }, () => publicKeyOf(randomBytes(32)));
    const members = keys.map((publicKey, index) => ({ id: peerIdOf(publicKey), publicKey, slot: index + 1 }));
    await control.query(
      `WITH row AS (SELECT * FROM json_to_recordset($2) AS row(id text, "publicKey" text, slot int)),
            lease AS (INSERT INTO leases (party_id, peer_id, slot) SELECT $1, id, slot FROM row)
       INSERT INTO members (peer_id, party_id, name, public_key) SELECT id, $1, 'Away', "publicKey" FROM row`,
      [partyId, JSON.stringify(members)],
    );
  };
  const knownRelays = async () =>
    serverInfoSchema.parse((await send(control.url, 'GET', '/v1/server')).body).relays;

  it('are named to agents with their STUN servers, while they are there', async () => {
    expect(await knownRelays()).toEqual([]);
    const relay = await addRelay({ region: 'eu' });
    expect(await knownRelays()).toEqual([{ id: 'relay-1', region: 'eu', stunEndpoints: ['127.0.0.1:9'] }]);
    relay.close();
    await until('the relay to be gone', async () => (await knownRelays()).length === 0);
  });

  it('come and go with another version of their list, which agents hear of', async () => {
    const [, connection] = await connectedAgent();
    const version = async () => {
      const answer = await connection.ask('presence.update', {});
      return answer.ok ? answer.relaysVersion : undefined;
    };
    const none = await version();
    expect(none).toMatch(/^[\w-]{12}$/);
    const relay = await addRelay();
    await until('another list', async () => (await version()) !== none);
    const one = await version();
    expect(await version()).toBe(one);
    relay.close();
    await until('the list of before', async () => (await version()) === none);
  });

  it.each([
    ['another secret', { secret: 'not the secret of the relays' }, 'RELAY_SECRET_WRONG'],
    ['another version of the protocol', { handshake: { version: 1 } }, 'INVALID_REQUEST'],
    ['an address that is none', { publicAddress: 'relay.example' }, 'INVALID_REQUEST'],
    ['a word that its proof does not cover', { handshake: { nonce: otherNonce } }, 'RELAY_SECRET_WRONG'],
    ['an answer to another challenge', { handshake: { challengeId: 'c1' } }, 'CHALLENGE_EXPIRED'],
    ['another server in mind', { serverName: 'evil.example' }, 'SERVER_NAME_UNKNOWN'],
  ])('are refused with %s', async (_what, options, code) => {
    const relay = new TestRelay(control.url, options);
    relays.push(relay);
    relay.socket.connect();
    const [error] = (await once(relay.socket as unknown as NodeJS.EventEmitter, 'connect_error')) as [
      { data: unknown },
    ];
    expect(error.data).toMatchObject({ error: { code } });
    expect(await knownRelays()).toEqual([]);
  });

  it('keep their names as long as they answer, and lose them within seconds when they do not', async () => {
    const first = await addRelay();
    const second = new TestRelay(control.url, { publicAddress: '203.0.113.66' });
    relays.push(second);
    second.socket.connect();
    const [error] = (await once(second.socket as unknown as NodeJS.EventEmitter, 'connect_error')) as [
      { data: unknown },
    ];
    expect(error.data).toMatchObject({ error: { code: 'RELAY_NAME_TAKEN' } });
    expect(first.socket.connected).toBe(true);

    first.socket.off('pairs.close'); // as if the network were gone
    await second.connect();
    await until('the silent one to be replaced', () => !first.socket.connected);
  }, 15_000);

  it('carry each pair of a party, known to both sides in the same moment as each other', async () => {
    const relay = await addRelay();
    const [alice, toAlice] = await connectedAgent('Alice');
    const [bob, toBob] = await connectedAgent('Bob');
    const [carol] = await connectedAgent('Carol');
    const { id } = await alice.create();

    const ofBob = await bob.join(id);
    const pair = only(relay.open.values());
    const session = {
      relayId: 'relay-1',
      endpoint: formatEndpoint({ address: '192.0.2.1', port: pair.port }),
    };
    expect(pair.players).toEqual([alice.publicKey, bob.publicKey].sort());
    expect(ofBob.relays).toEqual({ [alice.peerId]: session });
    expect((await toAlice.next('member.joined')).relay).toEqual(session);

    const ofCarol = await carol.join(id);
    expect(relay.open.size).toBe(3);
    expect((await toAlice.next('member.joined')).relay).toEqual(ofCarol.relays[alice.peerId]);
    expect((await toBob.next('member.joined')).relay).toEqual(ofCarol.relays[bob.peerId]);
    expect(new Set([...relay.open.values()].map(({ port }) => port)).size).toBe(3);
    expect([...toAlice.unread, ...toBob.unread].filter((event) => event === 'relays.changed')).toEqual([]);
  });

  it('close what nobody needs any more', async () => {
    const relay = await addRelay();
    const [alice] = await connectedAgent();
    const [bob] = await connectedAgent();
    const { id } = await alice.create();
    await bob.join(id);
    const closed = once(relay, 'closed');
    await bob.leave(id);
    await closed;
    expect(relay.open.size).toBe(0);
  });

  it('close what they opened too late for a player who has left', async () => {
    const relay = await addRelay();
    const [alice] = await connectedAgent();
    const [bob] = await connectedAgent();
    const { id } = await alice.create();
    relay.mute = true;
    await bob.join(id);
    await bob.leave(id);
    relay.unmute();
    expect(relay.open.size).toBe(1);
    await until('the late pair to be closed', () => relay.open.size === 0);
  });

  it('close what they opened for a player who left while a large party was being opened', async () => {
    const relay = await addRelay({ capacityPairs: 10_000 });
    const agents = await Promise.all(Array.from({ length: 6 }, () => connectedAgent()));
    const [[host], ...guests] = agents as [(typeof agents)[0], ...typeof agents];
    const { id } = await host.create({ maxPeers: 256 });
    await addMembers(id, 250);
    for (const [guest] of guests) await guest.join(id);
    // Each of the five with everybody who was there; the host was alone when it came.
    const inAll = 251 + 252 + 253 + 254 + 255;
    await until('everybody has everybody', () => relay.open.size === inAll);

    relay.crash();
    relay.mute = true;
    await relay.connect();
    await until('the first of several commands waits for its answer', () => relay.isAsked);
    const [leaver] = guests[4]!;
    await leaver.leave(id);
    relay.unmute();
    const ofLeaver = () => [...relay.open.keys()].filter((pairId) => pairId.includes(leaver.peerId));
    await until('the last of the others are open', () => relay.open.size - ofLeaver().length === inAll - 255);
    await until('those of the leaver are closed', () => ofLeaver().length === 0);
    expect(relay.open.size).toBe(inAll - 255);
  }, 30_000);

  it('are asked what they have open when it is not what it should be', async () => {
    const relay = await addRelay();
    const list = once(relay.socket as unknown as NodeJS.EventEmitter, 'pairs.list');
    const load = { pairs: 1, packetsPerSecond: 0, bytesPerSecond: 0 };
    letPass(31_000);
    for (let report = 0; report < 2; report++) await relay.socket.timeout(5000).emitWithAck('load', load);
    await list;
  });

  it('may come late: the sessions are pushed then', async () => {
    const [alice, toAlice] = await connectedAgent();
    const [bob, toBob] = await connectedAgent();
    const { id } = await alice.create();
    expect((await bob.join(id)).relays).toEqual({ [alice.peerId]: null });
    await addRelay();
    const session = (await toBob.next('relays.changed')).relays[alice.peerId];
    expect(session).toMatchObject({ relayId: 'relay-1' });
    expect((await toAlice.next('relays.changed')).relays).toEqual({ [bob.peerId]: session });
    expect((await bob.get(id)).relays).toEqual({ [alice.peerId]: session });
  }, 15_000);

  it('may be slow: a join does not wait for long, and the session is pushed', async () => {
    const relay = await addRelay();
    const [alice, toAlice] = await connectedAgent();
    const [bob] = await connectedAgent();
    const { id } = await alice.create();
    relay.mute = true;
    expect((await bob.join(id)).relays).toEqual({ [alice.peerId]: null });
    expect((await toAlice.next('member.joined')).relay).toBeNull();
    relay.unmute();
    expect((await toAlice.next('relays.changed')).relays).toMatchObject({
      [bob.peerId]: { relayId: 'relay-1' },
    });
  });

  it('share the pairs by their capacity, and take no more than that', async () => {
    const small = await addRelay({ relayId: 'small', capacityPairs: 1 });
    const large = await addRelay({ relayId: 'large', capacityPairs: 2, publicAddress: '192.0.2.2' });
    const [alice] = await connectedAgent();
    const { id } = await alice.create();
    for (let joined = 0; joined < 2; joined++) await (await connectedAgent())[0].join(id);
    expect([small.open.size, large.open.size]).toEqual([1, 2]);
    const [last] = await connectedAgent();
    expect(Object.values((await last.join(id)).relays)).toEqual([null, null, null]);
  });

  it('need not have a port for every pair: another one is asked, or the same again', async () => {
    const full = await addRelay({ relayId: 'a' });
    full.isFull = true;
    const [alice] = await connectedAgent('Alice');
    const party = await alice.create();
    for (const name of ['Bob', 'Carol']) {
      const [guest] = await connectedAgent(name);
      await guest.join(party.id);
    }
    expect(full.open.size).toBe(0);
    // Equal in everything but its name, it is the second choice.
    const other = await addRelay({ relayId: 'b', capacityPairs: 2 });
    await until('the other one has what it can take', () => other.open.size === 2);
    full.isFull = false;
    await until('the first one has the third pair', () => full.open.size === 1);
  }, 20_000);

  it('get their pairs back after a crash, on the same ports, unnoticed by the players', async () => {
    const relay = await addRelay();
    const [alice, toAlice] = await connectedAgent();
    const [bob, toBob] = await connectedAgent();
    const { id } = await alice.create();
    const { relays: before } = await bob.join(id);
    const pair = only(relay.open.values());
    relay.crash();
    const opened = once(relay, 'opened');
    await relay.connect();
    await opened;
    expect(only(relay.open.values())).toEqual(pair);
    expect((await bob.get(id)).relays).toEqual(before);
    expect([...toAlice.unread, ...toBob.unread]).not.toContain('relays.changed');
  });

  it('keep their pairs while the link is down, but are told what ended meanwhile', async () => {
    const relay = await addRelay();
    const [alice] = await connectedAgent();
    const [bob] = await connectedAgent();
    const { id } = await alice.create();
    const { relays: before } = await bob.join(id);
    relay.socket.disconnect();
    await until('the relay to be gone', async () => (await knownRelays()).length === 0);
    expect((await bob.get(id)).relays).toEqual(before);

    const pair = only(relay.open.values());
    await bob.leave(id);
    expect(await relay.connect()).toEqual([pair.pairId]);
  });

  it('keep their pairs when the control plane restarts, which knows them again', async () => {
    const relay = await addRelay();
    const [alice, toAlice] = await connectedAgent();
    const [bob] = await connectedAgent();
    const { id } = await alice.create();
    const { relays: before } = await bob.join(id);
    const pair = only(relay.open.values());
    const unknown = { ...pair, pairId: `0123456789ab:${alice.peerId}:${bob.peerId}`, port: 45_000 };
    relay.socket.disconnect();
    await control.restart();
    await toAlice.next('party.snapshot');

    relay.open.set(unknown.pairId, unknown);
    expect(await relay.connect()).toEqual([unknown.pairId]);
    expect(only(relay.open.values())).toEqual(pair);
    expect((await bob.get(id)).relays).toEqual(before);
    expect((await toAlice.next('relays.changed')).relays).toEqual({ [bob.peerId]: before[alice.peerId] });
  }, 15_000);

  it('tell the members which address the other has from outside, which beats what the agent believes', async () => {
    const relay = await addRelay();
    const [alice, toAlice] = await connectedAgent();
    const [bob, toBob] = await connectedAgent();
    const { id } = await alice.create({ presence: { natType: 'full_cone', endpoint: null } });
    await bob.join(id);
    const { pairId } = only(relay.open.values());
    const observe = (publicKey: string, endpoint: string) =>
      relay.socket
        .timeout(5000)
        .emitWithAck('pairs.observed', { observations: [{ pairId, publicKey, endpoint }] });

    expect(await observe(alice.publicKey, '198.51.100.7:9999')).toEqual({ ok: true });
    const where = { natType: 'full_cone', endpoint: '198.51.100.7:9999' };
    const presence = { partyId: id, peerId: alice.peerId, online: true, direct: true, udp: 'unknown' };
    expect(await toBob.next('member.presence')).toEqual({ ...presence, ...where });
    expect(await toAlice.next('member.presence')).toEqual({ ...presence, ...where });

    await observe(alice.publicKey, '198.51.100.7:9999');
    await observe(new TestAgent(control.url).publicKey, '203.0.113.1:1');
    expect(toBob.unread).not.toContain('member.presence');
    expect((await bob.get(id)).members[0]).toMatchObject(where);
  });

  it('lose their pairs to another one when they stay away', async () => {
    const gone = await addRelay();
    const [alice, toAlice] = await connectedAgent();
    const [bob] = await connectedAgent();
    const { id } = await alice.create();
    await bob.join(id);
    const pair = only(gone.open.values());
    gone.socket.disconnect();
    await until('the relay to be gone', async () => (await knownRelays()).length === 0);
    const other = await addRelay({ relayId: 'relay-2', publicAddress: '192.0.2.2' });
    expect(other.open.size).toBe(0);

    letPass(20_000);
    const { port } = only((await once(other, 'opened')) && other.open.values());
    const session = { relayId: 'relay-2', endpoint: formatEndpoint({ address: '192.0.2.2', port }) };
    expect((await toAlice.next('relays.changed')).relays).toEqual({ [bob.peerId]: session });
    expect(await gone.connect()).toEqual([pair.pairId]);
  }, 15_000);

  it('cannot speak of pairs that another one carries', async () => {
    await addRelay();
    const [alice] = await connectedAgent();
    const [bob] = await connectedAgent();
    const { id } = await alice.create();
    const { relays: before } = await bob.join(id);
    const pair = only(relays[0]?.open.values() ?? []);

    const other = new TestRelay(control.url, { relayId: 'relay-2', publicAddress: '203.0.113.66' });
    relays.push(other);
    other.open.set(pair.pairId, { ...pair, port: 666 });
    expect(await other.connect()).toEqual([pair.pairId]);
    const observations = [{ pairId: pair.pairId, publicKey: alice.publicKey, endpoint: '203.0.113.66:666' }];
    await other.socket.timeout(5000).emitWithAck('pairs.observed', { observations });
    expect((await bob.get(id)).relays).toEqual(before);
    expect((await bob.get(id)).members[0]?.endpoint).toBeNull();
  });
});
