/** The operator learns from what agents say that players do not reach a relay where it says that it is. */
import { serverStatsSchema, type FaultyRelay } from '#shared/api/stats';
import { adminRelayListSchema } from '../../apps/control/src/admin/admin.api';
import { ADMIN_TOKEN } from './support/admin-command';
import { send, TestAgent, type AgentConnection } from './support/control-agent';
import { TestControl } from './support/control-app';
import { TestRelay } from './support/control-relay';
import { until } from './support/processes';

const publicAddress = '10.0.0.5';

describe('a relay that announces an address at which nobody reaches it', () => {
  let control: TestControl;
  let relay: TestRelay;
  const connections: AgentConnection[] = [];

  beforeAll(async () => {
    control = await TestControl.start({ LANRAGE_ADMIN_TOKEN: ADMIN_TOKEN });
    relay = new TestRelay(control.url, { publicAddress });
    await relay.connect();
    for (let count = 0; count < 2; count++)
      connections.push(await (await TestAgent.signIn(control.url)).connect());
  }, 60_000);
  afterAll(async () => {
    for (const connection of connections) connection.close();
    relay.close();
    await control.close();
  });

  const faults = async () => {
    const { body } = await send(control.url, 'GET', '/health');
    return (body as { relayFaults: FaultyRelay[] }).relayFaults;
  };
  const fault = (what: FaultyRelay['fault'], askedBy: number): FaultyRelay => ({
    ...{ id: 'relay-1', publicAddress, fault: what },
    ...{ askedBy, reachedBy: 0 },
  });
  const becomes = (expected: FaultyRelay[]) =>
    until(`${JSON.stringify(expected)} is known`, async () => {
      return JSON.stringify(await faults()) === JSON.stringify(expected);
    });
  const measure = async (connection: AgentConnection, roundTripMs: number | null) => {
    const report = { relayRoundTripsMs: { 'relay-1': roundTripMs } };
    expect(await connection.ask('presence.update', report)).toMatchObject({ ok: true });
  };

  it('is told of in /health, on the page and to the operator, until somebody reaches it', async () => {
    const [alice, bob] = connections as [AgentConnection, AgentConnection];
    await becomes([fault('private_address', 0)]);
    await measure(alice, null);
    await measure(bob, null);
    await becomes([fault('unreached', 2)]);

    const { body: stats } = await send(control.url, 'GET', '/v1/stats');
    expect(serverStatsSchema.parse(stats).relayFaults).toEqual([fault('unreached', 2)]);
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
    const { body: listed } = await send(control.url, 'GET', '/v1/admin/relays', { headers });
    expect(adminRelayListSchema.parse(listed).relays).toMatchObject([
      { state: 'ready', publicAddress, fault: 'unreached' },
    ]);

    await measure(bob, 31);
    await becomes([]);
  }, 30_000);
});
