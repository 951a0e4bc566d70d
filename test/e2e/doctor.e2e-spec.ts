import type { Finding } from '../../apps/client/src/doctor/finding';
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { PortMapper } from '../lab/port-mapper';
import { LabPlayer } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { until } from './support/processes';

/** Two players whose NATs do not let each other in, until one of the routers maps a port. */
describeLab('the doctor', () => {
  let lab: Lab;
  let server: LabServer;
  let alice: LabPlayer;
  let bob: LabPlayer;

  beforeAll(async () => {
    lab = await Lab.create();
    const host = await lab.publicHost('server', { addresses: 2, delayMs: 15 });
    server = await LabServer.start(host, { LANRAGE_STUN_ALTERNATE_ADDRESS: host.addresses[1] });
    const behind = async (name: string, nat: 'port_restricted' | 'symmetric') =>
      LabPlayer.at(await lab.hostBehind(name, nat, { delayMs: 15 }), server.url);
    [alice, bob] = [await behind('alice', 'port_restricted'), await behind('bob', 'symmetric')];
  }, 120_000);

  afterAll(async () => {
    await Promise.all([alice, bob].map((player) => player?.stop()));
    await server?.stop();
    await lab?.close();
    await Promise.all([alice, bob].map((player) => player?.removeHome()));
  }, 60_000);

  const codesOf = (findings: readonly Finding[]) => findings.map(({ code }) => code);

  it('examines the network of a player who has no agent', async () => {
    expect(codesOf(await bob.findings())).toEqual([
      'nat_symmetric',
      'agent_not_running',
      'server_answers',
      'relay_answers',
    ]);
  }, 30_000);

  it('tells why a player is relayed, and what would change it', async () => {
    const { party } = await alice.create('Checkup');
    await bob.join(party.id);
    const finding = await until(
      'the attempt is over',
      async () => (await alice.findings('Bob')).find(({ code }) => code === 'nat_combination'),
      { timeoutMs: 30_000 },
    );
    expect(finding).toMatchObject({
      severity: 'warning',
      advice: expect.stringContaining('UPnP'),
      peer: { name: 'Bob' },
      path: {
        connectionType: 'relayed',
        endpoint: expect.stringContaining(server.host.address),
        natType: 'port_restricted_cone',
        peerNatType: 'symmetric',
        directExpected: false,
        sinceMs: expect.any(Number),
        latencyMs: expect.any(Number),
        nextAttemptInMs: expect.any(Number),
      },
    });
    expect(codesOf(await alice.findings())).toEqual(
      expect.arrayContaining(['port_not_mapped', 'events_arrive', 'agent_running']),
    );
    const { code, stderr } = await alice.run('doctor', 'Carol');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('NO_SUCH_PEER') });
    expect((await alice.run('status')).stdout).toContain(
      'Bob: Via the relay: the two routers do not let each other in.\nMore about it: lanrage doctor Bob\n',
    );
  }, 60_000);

  it('finds nothing wrong once the advice was followed', async () => {
    const mapper = await PortMapper.start(bob.host, { pcp: true });
    await bob.stop();
    await bob.join((await alice.status()).party.id);
    await until('both are direct', async () => codesOf(await alice.findings()).includes('direct_internet'), {
      timeoutMs: 30_000,
    });
    const { stdout } = await bob.run('doctor');
    expect(stdout).toMatch(/^Nothing is wrong\.\n/);
    expect(stdout.replace(/\n +/g, ' ')).toMatch(/ok +The router [\d.]+ maps [\d.:]+ to you, using PCP\./);
    await bob.stop();
    await mapper.stop();
  }, 60_000);
});
