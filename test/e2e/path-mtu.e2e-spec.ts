/** Paths that carry smaller packets than usual and tell nobody, as PPPoE, VPNs and mobile networks in a row do. */
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { othersIn } from './support/lab-player';
import { LabServer } from './support/lab-server';
import { Meeting } from './support/meeting';
import { PartyAgent } from './support/party-agent';
import { until } from './support/processes';
import { carry } from './support/traffic';
import { transfer } from './support/transfer';

/** A delay has every packet pass alone: those that a device would cut up later look larger than they are. */
const ONE_WAY_MS = 5;
/** The size of an IPv4 packet on the path; 60 bytes are WireGuard's, and it pads to multiples of 16. */
const PATH_MTU = 1_300;
const PACKET_LIMIT = 1_232;
const WORLD_BYTES = 1_000_000;
/** A game that has to wait longer gives up. */
const PATIENCE = { timeoutMs: 10_000 };
/** As much as a packet of the tunnel's MTU holds. */
const FULL_DATAGRAM = 'x'.repeat(1_280 - 28);

describeLab('a path that carries no packets above 1,300 bytes, nor fragments, and says so to nobody', () => {
  let lab: Lab;
  let server: LabServer;
  let alice: PartyAgent;
  let bob: PartyAgent;

  const start = async (name: string) =>
    PartyAgent.start(await lab.hostBehind(name, 'port_restricted', { delayMs: ONE_WAY_MS }), server);
  const limits = async () => {
    const statuses = await Promise.all([alice, bob].map((agent) => agent.status()));
    return statuses.map((status) => othersIn(status)[0]?.packetLimit);
  };
  const haveLimit = (limit: number | null) =>
    until(`the limit is ${limit}`, async () => (await limits()).every((found) => found === limit), PATIENCE);
  const loadWorlds = async ({ entries: [one, other] }: Meeting) => {
    const { timeoutMs } = PATIENCE;
    expect(await transfer(alice.host, bob.host, other.virtualIp, WORLD_BYTES, timeoutMs)).toBe(WORLD_BYTES);
    expect(await transfer(bob.host, alice.host, one.virtualIp, WORLD_BYTES, timeoutMs)).toBe(WORLD_BYTES);
  };

  beforeAll(async () => {
    lab = await Lab.create();
    server = await LabServer.start(await lab.publicHost('server', { delayMs: ONE_WAY_MS }));
    alice = await start('alice');
    bob = await start('bob');
    // TCP of the internet is adapted by routers there (RFC 4459 section 3.2, MSS clamping).
    const dropping = ['iifname', 'oifname'].map(
      (side) => `${side} "to-alice" ip protocol udp jump too_large`,
    );
    const rules = `table ip narrow {
      chain too_large { ip length > ${PATH_MTU} drop; ip frag-off & 0x3fff != 0 drop; }
      chain forward { type filter hook forward priority filter; ${dropping.join('; ')}; }
    }`;
    const { code, stderr } = await lab.internet.exec(['nft', '-f', '-'], { input: rules });
    expect([code, stderr]).toEqual([0, '']);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([alice, bob].map((agent) => agent?.stop()));
    await server?.stop();
    await lab?.close();
  }, 60_000);

  afterEach(async () => {
    // After a test that failed, so that the next one has a chance.
    await Promise.all([alice, bob].map((agent) => agent.leave().catch(() => undefined)));
    await alice.host.router.restoreUdp();
  });

  it('carries a world over TCP via the relay, right after joining', async () => {
    const to = bob.host.router.publicAddress;
    await alice.host.router.dropUdp({ to });
    const meeting = await Meeting.amongStrangers(alice, bob);
    await alice.seen('relayed');
    await loadWorlds(meeting);
    await haveLimit(PACKET_LIMIT);
    expect(alice.connection).toBe('relayed');
    await meeting.end();
  }, 60_000);

  it('does so directly, carries large datagrams, and has no limit any more once the path has none', async () => {
    const meeting = await Meeting.amongStrangers(alice, bob);
    await meeting.direct();
    await loadWorlds(meeting);
    await haveLimit(PACKET_LIMIT);
    const [one, other] = meeting.entries;
    expect(await carry('udp', alice.host, bob.host, other.virtualIp, FULL_DATAGRAM)).toBe(FULL_DATAGRAM);
    expect(await carry('udp', bob.host, alice.host, one.virtualIp, FULL_DATAGRAM)).toBe(FULL_DATAGRAM);
    await lab.internet.exec(['nft', 'delete', 'table', 'ip', 'narrow']);
    await bob.host.router.rebind();
    await haveLimit(null);
    await meeting.end();
  }, 60_000);

  it('does so where a router tells by ICMP, and fragments are dropped all the same', async () => {
    const chain =
      'chain forward { type filter hook forward priority filter; ip frag-off & 0x3fff != 0 drop; }';
    const script = `nft 'table ip fragments { ${chain}; }' && ip link set dev to-alice mtu ${PATH_MTU}`;
    const { code, stderr } = await lab.internet.exec(['sh', '-c', script]);
    expect([code, stderr]).toEqual([0, '']);
    const meeting = await Meeting.amongStrangers(alice, bob);
    await meeting.direct();
    await loadWorlds(meeting);
    await until('only what goes to Alice is limited', async () => {
      const [toBob, toAlice] = await limits();
      return toBob === null && toAlice === PACKET_LIMIT;
    });
    await meeting.end();
  }, 60_000);
});
