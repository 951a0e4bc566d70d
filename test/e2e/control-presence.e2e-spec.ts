import { setTimeout as sleep } from 'node:timers/promises';
import { PartyStore } from '../../apps/control/src/parties/membership/party.store';
import { AgentConnection, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { until } from './support/processes';

const MEMBERS = 60;
const SECONDS = 3;
/** See presence-schedule.ts. */
const DELIVERIES = { perSecond: 5000, burst: 2500 };

interface PresenceEvent {
  peerId: string;
  endpoint: string | null;
}

describe('presence in a large party whose members change all the time', () => {
  let control: TestControl;
  const connections: AgentConnection[] = [];
  const agents: TestAgent[] = [];
  const last = new Map<string, string | null>();
  let heard = 0;

  beforeAll(async () => {
    control = await TestControl.start();
    for (let index = 0; index < MEMBERS; index++) agents.push(await TestAgent.signIn(control.url));
    const { id } = await agents[0]!.create({ maxPeers: MEMBERS });
    for (const agent of agents.slice(1)) await agent.join(id);
    for (const agent of agents) connections.push(await agent.connect());
    connections[0]!.socket.on('member.presence', ({ peerId, endpoint }: PresenceEvent) => {
      last.set(peerId, endpoint);
    });
    for (const { socket } of connections) socket.on('member.presence', () => (heard += 1));
    await sleep(2500); // the budget is full again
  }, 120_000);
  afterAll(async () => {
    for (const connection of connections) connection.close();
    await control.close();
  });

  it('costs a bounded number of deliveries and no query for each change, and the last state arrives', async () => {
    const queries = [
      jest.spyOn(PartyStore.prototype, 'findByMembers'),
      jest.spyOn(PartyStore.prototype, 'findByMember'),
    ];
    heard = 0;
    const startedMs = performance.now();
    for (let turn = 0; turn < 10 * SECONDS; turn++) {
      for (const [index, { socket }] of connections.entries())
        socket.emit('presence.update', { endpoint: `203.0.113.${1 + index}:${20_000 + turn}` });
      await sleep(Math.max(0, 100 * (turn + 1) - (performance.now() - startedMs)));
    }
    // Refused updates, for a timer of this test that was early, leave a member at the state before.
    await sleep(1100);
    for (const [index, connection] of connections.entries()) {
      const answer = await connection.ask('presence.update', { endpoint: `203.0.113.${1 + index}:40000` });
      expect(answer.ok).toBe(true);
    }
    await until('the last state of everybody', () =>
      agents.slice(1).every((agent, at) => last.get(agent.peerId) === `203.0.113.${2 + at}:40000`),
    );
    const seconds = (performance.now() - startedMs) / 1000;
    expect(heard).toBeGreaterThan(MEMBERS * (MEMBERS - 1));
    expect(heard).toBeLessThanOrEqual(DELIVERIES.burst + DELIVERIES.perSecond * seconds);
    const asked = queries.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    // What is known is asked again after 10 s, once for the party; for each change it would be thousands of times.
    expect(asked).toBeLessThanOrEqual(10 + seconds);
  }, 60_000);
});
