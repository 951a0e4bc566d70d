/** Direct paths where no relay carries a packet: out of ports, or out of reach. */
import { setTimeout as delay } from 'node:timers/promises';
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { othersIn } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { Meeting } from './support/meeting';
import { PartyAgent } from './support/party-agent';
import { until } from './support/processes';

/** For one pair of three players, and one more. */
const RELAY_PORTS = '51900-51901';
const PATIENCE = { timeoutMs: 15_000 };

describeLab('direct paths without a relay', () => {
  let lab: Lab;
  let serverHost: Host;
  let server: LabServer;
  let open: PartyAgent;
  let home: PartyAgent;
  const agents: PartyAgent[] = [];

  const start = async (host: Host) => {
    const agent = await PartyAgent.start(host, server);
    agents.push(agent);
    return agent;
  };
  const areDirect = (group: readonly PartyAgent[]) =>
    until(
      'all are direct',
      async () => {
        const peers = (await Promise.all(group.map((agent) => agent.status()))).flatMap(othersIn);
        const isComplete = peers.length === group.length * (group.length - 1);
        return isComplete && peers.every(({ connectionType }) => connectionType === 'direct');
      },
      { intervalMs: 100, ...PATIENCE },
    );

  beforeAll(async () => {
    lab = await Lab.create();
    serverHost = await lab.publicHost('server');
    server = await LabServer.start(serverHost, { LANRAGE_RELAY_PORTS: RELAY_PORTS });
    open = await start(await lab.hostBehind('open', 'open'));
    home = await start(await lab.hostBehind('home', 'port_restricted'));
  }, 60_000);

  afterAll(async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    await server?.stop();
    await lab?.close();
  }, 60_000);

  it('come about when it has no port left for a pair', async () => {
    const others = await Promise.all(['bob', 'carol'].map((name) => lab.publicHost(name).then(start)));
    const { partyId } = await open.create('Crowd');
    for (const other of others) await other.join(partyId);
    await areDirect([open, ...others]);
    await Promise.all([open, ...others].map((agent) => agent.leave()));
  }, 60_000);

  it.each([
    ['a firewall closes its ports, through the NATs of both', 'home', `{ ${RELAY_PORTS} }`],
    ['none of its addresses leads to it', 'open', '1024-65535'],
  ])(
    'come about when %s',
    async (_, who, ports) => {
      const closed = `table inet closed { chain in { type filter hook input priority filter; udp dport ${ports} drop; } }`;
      await serverHost.exec(['nft', '-f', '-'], { input: closed });
      const other = await start(await lab.hostBehind(`other${who}`, 'port_restricted'));
      const meeting = await Meeting.amongStrangers(who === 'home' ? home : open, other);
      await areDirect(meeting.agents);
      await meeting.play(100);
      await delay(300);
      const { arrivals } = await meeting.traffic.stop();
      expect(Math.min(...arrivals.map(({ length }) => length))).toBeGreaterThan(5);
      await meeting.end();
      await serverHost.exec(['nft', 'delete', 'table', 'inet', 'closed']);
    },
    60_000,
  );
});
