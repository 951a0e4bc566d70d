/** Three relays at different distances, two players behind NATs, and traffic while relays die and drain. */
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { LabPlayer } from './support/lab-player';
import { LabRelay } from './support/lab-relay';
import { LabServer } from './support/lab-server';
import { until } from './support/processes';

/** What came of pings at a steady rate. */
interface PingReport {
  readonly sent: number;
  readonly received: number;
  /** The longest time without an answer. */
  readonly longestGapMs: number;
}

async function pingFor(
  from: Host,
  address: string,
  { seconds, perSecond }: { seconds: number; perSecond: number },
) {
  const interval = (1 / perSecond).toFixed(4);
  const count = String(seconds * perSecond);
  const { stdout } = await from.exec(['ping', '-n', '-D', '-i', interval, '-c', count, '-W', '2', address]);
  const answeredAtMs = [...stdout.matchAll(/^\[(\d+\.\d+)\].*icmp_seq/gm)].map(([, at]) => Number(at) * 1000);
  const gaps = answeredAtMs.slice(1).map((at, place) => at - (answeredAtMs[place] ?? at));
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? [];
  const report: PingReport = {
    sent: Number(sent),
    received: Number(received),
    longestGapMs: Math.round(Math.max(...gaps)),
  };
  return report;
}

/** Figures are for people; what is asserted is generous. */
function tell(what: string, { sent, received, longestGapMs }: PingReport): void {
  process.stderr.write(`${what}: ${sent - received} of ${sent} lost, longest gap ${longestGapMs} ms\n`);
}

describeLab('a party with relays in three regions', () => {
  let lab: Lab;
  let server: LabServer;
  let relays: { near: LabRelay; middle: LabRelay; far: LabRelay };
  let alice: LabPlayer;
  let bob: LabPlayer;
  let address: string;

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.startControl(await lab.publicHost('server'));
    const relayAt = async (name: string, delayMs: number) =>
      LabRelay.start(await lab.publicHost(name, { delayMs }), server.url);
    relays = {
      far: await relayAt('far', 80),
      middle: await relayAt('middle', 30),
      near: await relayAt('near', 5),
    };
    alice = await LabPlayer.at(await lab.hostBehind('alice', 'symmetric', { delayMs: 5 }), server.url);
    bob = await LabPlayer.at(await lab.hostBehind('bob', 'symmetric', { delayMs: 10 }), server.url);
    const { party } = await alice.create('Around the world');
    await bob.join(party.id);
    address = await alice.virtualIp();
    await bob.reaches(address);
  }, 120_000);

  afterAll(async () => {
    await Promise.all([alice?.stop(), bob?.stop()]);
    await Promise.all(Object.values(relays ?? {}).map((relay) => relay.stop()));
    await server?.stop();
    await lab?.close();
    await Promise.all([alice, bob].map((player) => player?.removeHome()));
  }, 60_000);

  it('meets on the best one', async () => {
    await until('the pair is on the near relay', async () => (await relays.near.pairs()) === 1);
    await until(
      'and on no other',
      async () => (await relays.far.pairs()) + (await relays.middle.pairs()) === 0,
    );
    await bob.reaches(address);
  }, 40_000);

  it('goes on through another one when the relay is killed', async () => {
    const pings = pingFor(bob.host, address, { seconds: 15, perSecond: 10 });
    setTimeout(() => relays.near.signal('SIGKILL'), 3000);
    const report = await pings;
    tell('relay killed', report);
    expect(await relays.middle.pairs()).toBe(1);
    expect(report.longestGapMs).toBeLessThan(8000);
    expect(report.received).toBeGreaterThan(report.sent / 3);
  }, 60_000);

  it('hardly notices that a relay drains', async () => {
    const pings = pingFor(bob.host, address, { seconds: 10, perSecond: 30 });
    setTimeout(() => relays.middle.signal('SIGTERM'), 3000);
    const report = await pings;
    tell('relay drained', report);
    expect(await relays.far.pairs()).toBe(1);
    expect(report.received).toBeGreaterThan(0.9 * report.sent);
    expect(await relays.middle.ended()).toBe(0);
  }, 60_000);
});
