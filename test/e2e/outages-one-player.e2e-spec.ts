/** Two players with a direct path, one of whom loses the server, and nothing else: the server lets it go, the game goes on. */
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { LabServer } from './support/lab-server';
import { Meeting } from './support/meeting';
import { PartyAgent } from './support/party-agent';
import { until } from './support/processes';

describeLab('a player whom the server has lost', () => {
  let lab: Lab;
  let server: LabServer;
  let alice: PartyAgent;
  let bob: PartyAgent;
  let meeting: Meeting;

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server', { delayMs: 15 }), {
      LANRAGE_PRESENCE_TIMEOUT_SECONDS: '1',
      LANRAGE_LOG_LEVEL: 'warn',
    });
    [alice, bob] = await Promise.all([
      PartyAgent.start(await lab.hostBehind('alice', 'port_restricted'), server),
      PartyAgent.start(await lab.hostBehind('bob', 'port_restricted'), server),
    ]);
  }, 120_000);

  beforeEach(async () => {
    meeting = await Meeting.amongStrangers(alice, bob);
    await Promise.all([alice, bob].map((agent) => agent.seen('direct', 60_000)));
    await meeting.play(30);
    await loseBob();
  }, 120_000);

  afterEach(async () => {
    await bob.host.router.restoreTcp();
    await bob.host.router.restoreUdp();
    meeting.traffic.close();
    await Promise.allSettled([alice.leave(), bob.leave()]);
  }, 30_000);

  afterAll(async () => {
    await Promise.all([alice, bob].map((agent) => agent?.stop()));
    await server?.stop();
    await lab?.close();
  }, 60_000);

  const bobSeenByAlice = async () => (await alice.status()).party.peers.find(({ name }) => name === 'bob');
  const isDoubted = async () => {
    const peer = await bobSeenByAlice();
    return peer?.doubted === true && peer;
  };
  /** The server notices when it has something to say. */
  const loseBob = async () => {
    await bob.host.router.rejectTcp(server.host.address);
    await alice.rename(`alice ${Date.now()}`);
  };

  it('plays on, over a restart of the server too, and is a member again when it has the server again', async () => {
    const doubted = await until('Bob times out', isDoubted);
    expect(doubted).toMatchObject({
      online: false,
      connectionType: 'direct',
      reason: { code: 'direct_doubted' },
    });

    await server.killApp('control');
    await until('Alice has lost the server', async () => !(await alice.status()).controlConnected);
    await server.startApp('control');
    await until('Alice is back', async () => (await alice.status()).controlConnected);
    await alice.rename('alice');
    expect(await bobSeenByAlice()).toMatchObject({ doubted: true, connectionType: 'direct' });

    await bob.host.router.restoreTcp();
    await until('Bob is back', async () => (await bobSeenByAlice())?.online);
    expect(await bobSeenByAlice()).toMatchObject({ doubted: false, connectionType: 'direct' });
    expect((await meeting.traffic.stop()).lost).toEqual([0, 0]);
    expect([alice, bob].map(({ connection }) => connection)).toEqual(['direct', 'direct']);
  }, 60_000);

  it('is gone when its path dies as well', async () => {
    await until('Bob times out', isDoubted);
    await bob.host.router.dropUdp();
    await until('Bob is gone', async () => (await alice.status()).peerCount === 1);
  }, 60_000);

  it('is gone when the host kicks it, and told so when it has the server again', async () => {
    const { id } = await until('Bob times out', isDoubted);
    await alice.kick(id);
    expect((await alice.status()).peerCount).toBe(1);
    await bob.host.router.restoreTcp();
    await until('Bob is out', async () => (await bob.status()).status === 'no_party');
  }, 60_000);
});
