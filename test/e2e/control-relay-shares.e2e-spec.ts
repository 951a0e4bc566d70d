/** Who gets a relay when there is not room for all. */
import { TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { TestRelay } from './support/control-relay';
import { until } from './support/processes';
import { inParts } from '../../apps/control/src/util/lists';

const CAPACITY = 200;
/** An eighth is for small parties. */
const SHARED = 175;
const SIZE = 17;

describe('relays without room for all', () => {
  let control: TestControl;
  let relay: TestRelay;

  beforeAll(async () => {
    control = await TestControl.start({ LANRAGE_TRUST_PROXY: '1' });
    relay = new TestRelay(control.url, { capacityPairs: CAPACITY });
    await relay.connect();
  }, 60_000);
  afterAll(async () => {
    relay.close();
    await control.close();
  });

  const partyOf = async (address: string, size: number) => {
    const headers = { 'X-Forwarded-For': address };
    const agents = Array.from({ length: size }, (_, index) => new TestAgent(control.url, `P${index}`));
    await Promise.all(agents.map((agent) => agent.signIn()));
    const [host, ...guests] = agents as [TestAgent, ...TestAgent[]];
    const { body } = await host.ask('POST', '', { name: 'LAN', peerName: 'Host' }, headers);
    const { id } = body as { id: string };
    for (const part of inParts(guests, 4)) await Promise.all(part.map((agent) => agent.join(id)));
    return { id, host, guests };
  };
  const openOf = (id: string) => [...relay.open.keys()].filter((pairId) => pairId.startsWith(id));

  it('divide it between people, keep some for small parties, cut no game, and say why', async () => {
    const greedy = [await partyOf('203.0.113.1', SIZE), await partyOf('203.0.113.1', SIZE)] as const;
    const [one, other] = [greedy[0].id, greedy[1].id];
    await until('one person has what there is', () => openOf(one).length + openOf(other).length === SHARED);
    const refusedTo = async (agent: TestAgent, id: string) =>
      Object.values((await agent.get(id)).relayRefusals ?? {});
    expect(await refusedTo(greedy[1].guests.at(-1)!, other)).toContain('share_used_up');

    const playing = openOf(one).slice(0, 5);
    const observations = playing.map((pairId) => {
      const { players } = relay.open.get(pairId)!;
      return { pairId, publicKey: players[0], endpoint: '198.51.100.7:4000' };
    });
    await relay.socket.timeout(5000).emitWithAck('pairs.observed', { observations });

    const six = await partyOf('192.0.2.1', 6);
    expect((await six.host.get(six.id)).relayRefusals).toEqual({});
    expect(openOf(six.id)).toHaveLength(15);

    const watching = await Promise.all(greedy[0].guests.map((agent) => agent.connect()));
    const many = await partyOf('192.0.2.2', SIZE);
    // Equal shares of what the six leave would be 80 for each of the two people.
    await until('it has its share', () => openOf(many.id).length === 80);
    // It was a small party first, with something of the reserve.
    expect(openOf(one).length + openOf(other).length).toBeLessThanOrEqual(CAPACITY - 95);
    expect(relay.open.size).toBeLessThanOrEqual(CAPACITY);
    expect(openOf(one)).toEqual(expect.arrayContaining(playing));
    expect(await refusedTo(many.guests.at(-1)!, many.id)).toContain('share_used_up');
    const told = await Promise.race(watching.map((connection) => connection.next('relays.changed')));
    expect(Object.values(told.refusals ?? {})).toContain('share_used_up');
    for (const connection of watching) connection.close();
    expect(openOf(six.id)).toHaveLength(15);

    await many.host.ask('DELETE', many.id);
    await until('others have what it had', () => openOf(one).length + openOf(other).length === SHARED - 15);
  }, 60_000);

  it('say how large a party they carry', async () => {
    const health = await fetch(new URL('/health', control.url));
    expect(await health.json()).toMatchObject({ largestParty: { allowed: 256, relayed: 3 } });
  });
});
