/** Relays have the addresses that they announce, and know those of the others. */
import type { Endpoint } from '#shared/endpoint';
import { adminRelayListSchema } from '../../apps/control/src/admin/admin.api';
import { bindUdp, closeUdp } from '../../apps/relay/src/udp/bind';
import { freePort } from '../fixtures/free-port';
import { initiation } from '../wireguard-messages';
import { ADMIN_TOKEN } from './support/admin-command';
import { send, TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { TestRelay } from './support/control-relay';
import { ForwardingProxy } from './support/forwarding-proxy';
import { until } from './support/processes';
import { RealRelay } from './support/real-relay';

const loopback = '127.0.0.1';
/** An address of this machine, too, but of no relay here. */
const elsewhere = '127.0.0.2';

describe('the addresses of relays', () => {
  let control: TestControl;
  let proxy: ForwardingProxy;
  const ends: (() => unknown)[] = [];

  beforeAll(async () => {
    const port = await freePort();
    control = await TestControl.start({
      LANRAGE_TRUST_PROXY: '1',
      LANRAGE_PUBLIC_URL: `http://${loopback}:${port}`,
      LANRAGE_ADMIN_TOKEN: ADMIN_TOKEN,
    });
    proxy = await ForwardingProxy.open(`http://${loopback}:${control.port}`, elsewhere, port);
  }, 60_000);
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });
  afterAll(async () => {
    await proxy.close();
    await control.close();
  });

  const states = async () => {
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
    const { body } = await send(control.url, 'GET', '/v1/admin/relays', { headers });
    return adminRelayListSchema
      .parse(body)
      .relays.map(({ id, state, unproven }) => ({ id, state, unproven }));
  };
  const isReady = async (relayId: string) =>
    (await states()).some(({ id, state }) => id === relayId && state === 'ready');
  const meet = async () => {
    const [alice, bob] = [await TestAgent.signIn(proxy.url), await TestAgent.signIn(proxy.url)];
    const { id } = await alice.create();
    ends.push(() => Promise.all([alice.leave(id), bob.leave(id)]));
    return { alice, bob, relays: Object.values((await bob.join(id)).relays) };
  };

  it('are proven by what arrives there, where the link comes from another one', async () => {
    const relay = await RealRelay.start(proxy.url, 'elsewhere');
    ends.push(() => relay.die());
    await until('its address is proven', () => isReady('elsewhere'));
    expect((await meet()).relays).toEqual([expect.objectContaining({ relayId: 'elsewhere' })]);
  }, 20_000);

  it('bring nobody while they are not proven, which the operator sees', async () => {
    const stunEndpoints = ['127.0.0.3:3478'] as Endpoint[];
    const relay = new TestRelay(proxy.url, { stunEndpoints, publicAddress: '127.0.0.3' });
    ends.push(() => relay.close());
    await relay.connect();
    expect(await states()).toContainEqual({ id: 'relay-1', state: 'unproven', unproven: ['127.0.0.3'] });
    expect((await meet()).relays).toEqual([null]);
    expect(relay.open.size).toBe(0);
  }, 20_000);

  it('are no addresses of players on other relays', async () => {
    const relays = [await RealRelay.start(proxy.url, 'one'), await RealRelay.start(proxy.url, 'other')];
    ends.push(() => Promise.all(relays.map((relay) => relay.die())));
    await until('both are ready', async () => (await isReady('one')) && (await isReady('other')));
    await meet();
    const [used, unused] = relays[0]?.openPairs.length ? relays : relays.toReversed();
    const pair = used?.relay.pairs()[0];
    if (!used || !unused || !pair) throw new Error('one of the two has the pair');
    const [ofRelay, ofPlayer] = [await bindUdp(loopback, unused.ports.last), await bindUdp(loopback, 0)];
    ends.push(() => Promise.all([closeUdp(ofRelay), closeUdp(ofPlayer)]));
    const refused = () => used.relay.totals().drops.from_relay;
    const judged = () => {
      const { drops, handshakes } = used.relay.totals();
      return Object.values(drops).reduce((sum, count) => sum + count, handshakes);
    };
    let index = 1;
    const sendFrom = async (socket: typeof ofRelay) => {
      const before = judged();
      socket.send(initiation(pair.players[0], index++), pair.port, loopback);
      await until('it is judged', () => judged() > before);
    };
    await until('the other relay is known', async () => {
      await sendFrom(ofRelay);
      return refused() > 0;
    });
    const before = refused();
    await sendFrom(ofPlayer);
    expect(refused()).toBe(before);
  }, 20_000);
});
