import type { Candidate } from '#shared/api/party';
import { AgentConnection, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { TestRelay } from './support/control-relay';
import { letPass } from './support/clock';

describe('direct paths', () => {
  let control: TestControl;
  let relay: TestRelay;
  const connections: AgentConnection[] = [];

  beforeAll(async () => {
    control = await TestControl.start();
  }, 60_000);
  beforeEach(async () => {
    relay = new TestRelay(control.url);
    await relay.connect();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    relay.close();
    for (const connection of connections.splice(0)) connection.close();
    await control.restart();
  }, 20_000);
  afterAll(() => control.close());

  const connectedAgent = async (name: string) => {
    const agent = await TestAgent.signIn(control.url, name);
    const connection = await agent.connect();
    connections.push(connection);
    return [agent, connection] as const;
  };
  const observe = (seen: Record<string, string>) => {
    const [pair] = relay.open.values();
    const observations = Object.entries(seen).map(([publicKey, endpoint]) => ({
      pairId: pair?.pairId,
      publicKey,
      endpoint,
    }));
    return relay.socket.timeout(5_000).emitWithAck('pairs.observed', { observations });
  };
  /** The server has done all that went before when this is answered. */
  const settled = (connection: AgentConnection) => connection.ask('party.get', {});
  const couple = async () => {
    const [alice, toAlice] = await connectedAgent('Alice');
    const [bob, toBob] = await connectedAgent('Bob');
    const { id } = await alice.create();
    await bob.join(id);
    return { id, alice, toAlice, bob, toBob };
  };
  const lan: Candidate[] = [{ kind: 'host', endpoint: '192.168.1.7:41000' as Candidate['endpoint'] }];

  it('are looked for by both at once when a relay has seen both, each hearing where the other is', async () => {
    const { id, alice, toAlice, bob, toBob } = await couple();
    await toAlice.ask('presence.update', { candidates: lan });
    await observe({ [alice.publicKey]: '198.51.100.7:9000', [bob.publicKey]: '198.51.100.8:9000' });
    const orders = [await toAlice.next('path.attempt'), await toBob.next('path.attempt')];
    expect(orders).toMatchObject([
      {
        partyId: id,
        peerId: bob.peerId,
        attempt: 1,
        candidates: [{ kind: 'reflexive', endpoint: '198.51.100.8:9000' }],
      },
      {
        partyId: id,
        peerId: alice.peerId,
        attempt: 1,
        candidates: [...lan, { kind: 'reflexive', endpoint: '198.51.100.7:9000' }],
      },
    ]);
    expect(orders.map(({ first }) => first).sort()).toEqual([false, true]);
  });

  it('are looked for again when somebody is elsewhere, not when nothing has changed', async () => {
    const { id, alice, bob, toBob } = await couple();
    await observe({ [alice.publicKey]: '198.51.100.7:9000', [bob.publicKey]: '198.51.100.8:9000' });
    await toBob.next('path.attempt');
    await observe({ [alice.publicKey]: '198.51.100.7:9000' });
    await toBob.ask('path.request', { partyId: id, peerId: alice.peerId });
    await settled(toBob);
    expect(toBob.unread).not.toContain('path.attempt');

    letPass(2_000);
    await observe({ [alice.publicKey]: '198.51.100.7:9001' });
    expect(await toBob.next('path.attempt')).toMatchObject({
      attempt: 2,
      candidates: [{ kind: 'reflexive', endpoint: '198.51.100.7:9001' }],
    });
  });

  it('show nobody but those two where a member is', async () => {
    const { id, alice, toAlice, bob } = await couple();
    await toAlice.ask('presence.update', { candidates: lan });
    const [carol, toCarol] = await connectedAgent('Carol');
    const joined = await carol.join(id);
    expect(JSON.stringify([joined, await bob.get(id)])).not.toContain('192.168.1.7');
    await observe({ [alice.publicKey]: '198.51.100.7:9000', [bob.publicKey]: '198.51.100.8:9000' });
    await toAlice.next('path.attempt');
    await settled(toCarol);
    expect(toCarol.unread).not.toContain('path.attempt');
  });

  it('are asked for in vain by whoever is not in the party', async () => {
    const { id, alice, toAlice, bob } = await couple();
    await observe({ [alice.publicKey]: '198.51.100.7:9000', [bob.publicKey]: '198.51.100.8:9000' });
    await toAlice.next('path.attempt');
    const [, toMallory] = await connectedAgent('Mallory');
    expect(await toMallory.ask('path.request', { partyId: id, peerId: alice.peerId })).toEqual({ ok: true });
    await settled(toAlice);
    expect([...toAlice.unread, ...toMallory.unread]).not.toContain('path.attempt');
  });

  it('are not looked for with somebody who wants none, and whose address nobody is shown', async () => {
    const { id, alice, toAlice, bob, toBob } = await couple();
    await toAlice.ask('presence.update', { direct: false });
    await observe({ [alice.publicKey]: '198.51.100.7:9000', [bob.publicKey]: '198.51.100.8:9000' });
    await settled(toBob);
    expect([...toAlice.unread, ...toBob.unread]).not.toContain('path.attempt');
    expect((await bob.get(id)).members[0]).toMatchObject({ direct: false, endpoint: null });
  });

  it.each([
    ['loopback', '127.0.0.1:41000'],
    ['nowhere', '0.0.0.0:41000'],
    ['a group', '224.0.0.251:41000'],
    ['everybody', '255.255.255.255:41000'],
    ['one link', '169.254.169.254:41000'],
    ['the virtual network', '10.66.0.1:41000'],
    ['a translator', '[64:ff9b::7f00:1]:41000'],
    ['a service', '198.51.100.7:53'],
  ])('are not looked for at %s, whoever says so: %s', async (_, endpoint) => {
    const { id, alice, toAlice, bob, toBob } = await couple();
    const lie = { endpoint, candidates: [{ kind: 'mapped', endpoint }, ...lan] };
    expect(await toAlice.ask('presence.update', lie)).toMatchObject({ ok: true });
    await observe({ [alice.publicKey]: endpoint, [bob.publicKey]: '198.51.100.8:9000' });
    expect((await toBob.next('path.attempt')).candidates).toEqual(lan);
    await alice.tryJoin(id, 'Alice', { presence: lie });
    const seen = await bob.get(id);
    expect(seen.members[0]).toMatchObject({ id: alice.peerId, endpoint: null });
  });

  it('are refused candidates beyond measure', async () => {
    const { toAlice } = await couple();
    const many = Array.from({ length: 13 }, (_, index) => ({
      kind: 'host',
      endpoint: `192.168.1.${index + 1}:41000`,
    }));
    expect(await toAlice.ask('presence.update', { candidates: many })).toMatchObject({
      ok: false,
      error: { code: 'INVALID_REQUEST' },
    });
  });
});
