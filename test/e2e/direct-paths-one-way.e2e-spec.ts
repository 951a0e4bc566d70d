/** Paths that carry packets in one direction only, from the start or all at once. */
import { setTimeout as delay } from 'node:timers/promises';
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { othersIn } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { Meeting } from './support/meeting';
import { PartyAgent } from './support/party-agent';
import { until } from './support/processes';

const ONE_WAY_MS = 7.5;
const GAME_RATE = 30;
const PATIENCE = { timeoutMs: 30_000 };

describeLab('a path that carries packets in one direction only', () => {
  let lab: Lab;
  let server: LabServer;
  let alice: PartyAgent;
  let bob: PartyAgent;

  const home = (name: string) => lab.hostBehind(name, 'port_restricted', { delayMs: ONE_WAY_MS });
  const start = async (host: Host) => PartyAgent.start(host, server);

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server', { delayMs: ONE_WAY_MS }));
    alice = await start(await home('alice'));
    bob = await start(await home('bob'));
  }, 60_000);

  afterAll(async () => {
    await Promise.all([alice, bob].map((agent) => agent?.stop()));
    await server?.stop();
    await lab?.close();
  }, 60_000);

  afterEach(async () => {
    // After a test that failed, so that the next one has a chance.
    await Promise.all([alice, bob].map((agent) => agent.leave().catch(() => undefined)));
  });

  it('draws no game onto it, and is called what it is', async () => {
    // Alice's router has to be open, or nothing of Bob's could come to her at all.
    const carol = await start(await lab.hostBehind('carol', 'open', { delayMs: ONE_WAY_MS }));
    const to = carol.host.address;
    await bob.host.router.dropUdp({ to, direction: 'out' });
    const meeting = await Meeting.amongStrangers(carol, bob);
    await meeting.play(GAME_RATE);
    expect(await meeting.firstAttempt()).toBe(false);
    const { lost } = await meeting.traffic.stop();
    // Two, and what a busy machine adds; 45 and more if a side went where it hears the other one.
    expect(Math.max(...lost)).toBeLessThanOrEqual(25);
    const statuses = await Promise.all(meeting.agents.map((agent) => agent.status()));
    const reasons = statuses.map((status) => othersIn(status)[0]?.reason?.code);
    expect(reasons).toContain('one_way');
    await meeting.end();
    await bob.host.router.restoreUdp();
    await carol.stop();
  }, 60_000);

  it('is left for the relay when the default route moves while the addresses stay', async () => {
    const neighbour = await home('neighbour');
    await lab.alsoInLanOf(alice.host, neighbour, 'eth1');
    const meeting = await Meeting.amongStrangers(alice, bob);
    await meeting.direct();
    await meeting.play(GAME_RATE);
    await delay(1_500);
    const gateway = `${neighbour.lan?.prefix}.1`;
    await alice.host.exec(['ip', 'route', 'replace', 'default', 'via', gateway, 'dev', 'eth1']);
    await until('Alice notices', () => alice.connection !== 'direct', PATIENCE);
    await until('they are connected again', () => meeting.agents.every(isConnected), PATIENCE);
    await delay(500);
    const { lost, arrivals } = await meeting.traffic.stop();
    for (const each of arrivals) expect(Date.now() - (each.at(-1)?.[1] ?? 0)).toBeLessThan(3_000);
    // It would be 360 if what arrives were taken for life.
    expect(Math.max(...lost)).toBeLessThan(150);
    await meeting.end();
  }, 60_000);
});

function isConnected({ connection }: PartyAgent): boolean {
  return connection === 'direct' || connection === 'relayed';
}
