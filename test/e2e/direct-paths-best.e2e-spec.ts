/** The fastest of several ways between two players is taken, and none that is slower than the relay. */
import { setTimeout as delay } from 'node:timers/promises';
import { describeLab } from '../lab/available';
import type { MatrixKind } from '../lab/direct-theory';
import { Lab } from '../lab/lab';
import { othersIn } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { Meeting } from './support/meeting';
import { PartyAgent } from './support/party-agent';
import { until } from './support/processes';

const ONE_WAY_MS = 7.5;
/** Far slower than the relay, which takes 60 ms there and back, and more where the machine is busy. */
const SLOW_TUNNEL_MS = 200;
/** Longer than from one attempt to the next: on a busy machine the first may miss the moment that it has for a candidate. */
const PATIENCE = { timeoutMs: 75_000 };

describeLab('the best path', () => {
  let lab: Lab;
  let server: LabServer;
  const agents: PartyAgent[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server', { delayMs: ONE_WAY_MS }));
  }, 60_000);

  afterAll(async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    await server?.stop();
    await lab?.close();
  }, 60_000);

  /** Two players who are in another VPN, too. */
  const inAnotherVpn = async (name: string, kind: MatrixKind, prefix: string) => {
    const hosts = await Promise.all(
      [1, 2].map((n) => lab.hostBehind(`${name}${n}`, kind, { delayMs: ONE_WAY_MS })),
    );
    const [one, other] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
    await lab.tunnelBetween([one, other], { device: 'tun7', prefix, delayMs: SLOW_TUNNEL_MS });
    const [first, second] = await Promise.all([one, other].map((host) => PartyAgent.start(host, server)));
    agents.push(first as PartyAgent, second as PartyAgent);
    return Meeting.of(first as PartyAgent, second as PartyAgent);
  };

  it('is the internet, where another VPN is a detour', async () => {
    const meeting = await inAnotherVpn('far', 'port_restricted', '10.99.1');
    await meeting.direct();
    // Whatever else comes by the detour comes within this time.
    await delay(1_500);
    for (const [index, agent] of meeting.agents.entries()) {
      const [peer] = othersIn(await agent.status());
      const other = meeting.agents[1 - index];
      expect(peer?.connectionType).toBe('direct');
      expect(peer?.pathEndpoint).toContain(`${other?.host.router.publicAddress}:`);
    }
    await meeting.end();
  }, 60_000);

  it('is the relay, where the only direct one is slower', async () => {
    const meeting = await inAnotherVpn('lost', 'symmetric', '10.99.2');
    for (const agent of meeting.agents) {
      await until(
        'the direct one is known to be slower',
        async () => {
          const [peer] = othersIn(await agent.status());
          return peer?.connectionType === 'relayed' && peer.reason?.code === 'slower';
        },
        { intervalMs: 200, ...PATIENCE },
      );
      // A known fault, seen on busy machines: a check that leaves late goes via the relay, whose round trip then counts as the
      // candidate's. So the slower path may be tried once, and is left again, as above.
      expect(agent.events.filter(({ event }) => event === 'direct').length).toBeLessThanOrEqual(1);
    }
    await meeting.end();
  }, 60_000);
});
