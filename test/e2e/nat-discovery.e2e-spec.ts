/** The compiled agent asks the compiled STUN service, and coturn's, from behind every NAT of the lab. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatInfo } from '../../apps/client/src/nat/nat-traversal';
import { describeLab } from '../lab/available';
import type { Host } from '../lab/host';
import { Lab } from '../lab/lab';
import { natKinds, type NatKind } from '../lab/nat';
import { itWith } from './support/programs';
import { collectOutput, end, root, until } from './support/processes';

type Behaviour = Pick<
  NatInfo,
  'natType' | 'mapping' | 'filtering' | 'hairpinning' | 'portPreservation' | 'relayOnly'
>;

interface ProbeResult {
  first: NatInfo;
  second: NatInfo;
  /** While WireGuard has the port. */
  third: NatInfo;
  elapsedMs: number;
  port: number;
}

const behaviour = (
  natType: NatInfo['natType'],
  mapping: NatInfo['mapping'],
  filtering: NatInfo['filtering'],
  hairpinning: boolean | null,
  portPreservation: boolean | null,
): Behaviour => ({ natType, mapping, filtering, hairpinning, portPreservation, relayOnly: false });

const independent = 'endpoint_independent';
const dependent = 'address_and_port_dependent';
const notByPort = 'not_port_dependent';
const nothing = { ...behaviour('unknown', 'unknown', 'unknown', null, null), relayOnly: true };

const withTwoAddresses: Record<NatKind, Behaviour> = {
  open: behaviour('open', 'none', independent, null, true),
  full_cone: behaviour('full_cone', independent, independent, false, true),
  full_cone_hairpin: behaviour('full_cone', independent, independent, true, true),
  address_restricted: behaviour('restricted_cone', independent, 'address_dependent', false, true),
  port_restricted: behaviour('port_restricted_cone', independent, dependent, false, true),
  symmetric: behaviour('symmetric', dependent, dependent, false, false),
  cgnat: behaviour('port_restricted_cone', independent, dependent, false, true),
  cgnat_symmetric: behaviour('symmetric', dependent, dependent, false, false),
  udp_blocked: nothing,
};

/** One address says neither whether another one sees the same mapping, nor whether it would be let in; its ports do for ports. */
const withOneAddress: Record<NatKind, Behaviour> = {
  open: behaviour('restricted_cone', 'none', notByPort, null, true),
  full_cone: behaviour('restricted_cone', notByPort, notByPort, false, true),
  full_cone_hairpin: behaviour('restricted_cone', notByPort, notByPort, true, true),
  address_restricted: behaviour('restricted_cone', notByPort, notByPort, false, true),
  port_restricted: behaviour('port_restricted_cone', notByPort, dependent, false, true),
  symmetric: behaviour('symmetric', dependent, dependent, false, false),
  cgnat: behaviour('port_restricted_cone', notByPort, dependent, false, true),
  cgnat_symmetric: behaviour('symmetric', dependent, dependent, false, false),
  udp_blocked: nothing,
};

/** Nobody is there, and nobody says so. */
const deadServer = '192.0.2.99:3478';

describeLab('NAT discovery', () => {
  let lab: Lab;
  let server: Host, smallServer: Host;
  const hosts = new Map<NatKind, Host>();
  const results = new Map<NatKind, { twoAddresses: ProbeResult; oneAddress: ProbeResult }>();
  const coturnIt = itWith('turnserver', '--version', 'coturn');

  beforeAll(async () => {
    lab = await Lab.create();
    server = await lab.publicHost('server', { addresses: 2 });
    smallServer = await lab.publicHost('small');
    await lab.internet.exec(['ip', 'route', 'add', 'blackhole', '192.0.2.99']);
    await startRelay(server, { LANRAGE_STUN_ALTERNATE_ADDRESS: server.addresses[1] });
    await startRelay(smallServer);
    for (const [index, kind] of natKinds.entries()) {
      hosts.set(kind, await lab.hostBehind(`host${index}`, kind, { delayMs: 15 }));
    }
    await Promise.all(
      natKinds.map(async (kind) => {
        const host = hostBehind(kind);
        const twoAddresses = await probe(host, `${server.address}:3478`, deadServer);
        const { address } = smallServer;
        const oneAddress = await probe(host, `${address}:3478`, `${address}:3479`);
        results.set(kind, { twoAddresses, oneAddress });
      }),
    );
  }, 120_000);

  afterAll(() => lab.close());

  test.each(natKinds)('knows %s by a server with two addresses', (kind) => {
    const { first } = resultOf(kind).twoAddresses;
    expect(first).toMatchObject(withTwoAddresses[kind]);
  });

  test.each(natKinds)('knows of %s what a server with one address can tell', (kind) => {
    const { first } = resultOf(kind).oneAddress;
    expect(first).toMatchObject(withOneAddress[kind]);
  });

  test.each(natKinds)('%s is the same to a port that has asked before, and while it is in use', (kind) => {
    const { second, third } = resultOf(kind).twoAddresses;
    expect(second).toMatchObject(withTwoAddresses[kind]);
    expect(third).toMatchObject(withTwoAddresses[kind]);
    expect(third.publicEndpoint).toBeNull();
  });

  test.each(natKinds)("%s: tells the public endpoint of WireGuard's port, if there is one", (kind) => {
    const { first, second, port } = resultOf(kind).twoAddresses;
    const isOne = withTwoAddresses[kind].portPreservation === true;
    const expected = isOne ? `${hostBehind(kind).router.publicAddress}:${port}` : null;
    expect([first.publicEndpoint, second.publicEndpoint]).toEqual([expected, expected]);
  });

  test.each(natKinds)(
    '%s: does not wait for a dead server alone, and tells the round trip to the other',
    (kind) => {
      const { first, elapsedMs } = resultOf(kind).twoAddresses;
      // Three seconds, and what a busy machine adds; twice three, were the dead one waited for by itself.
      expect(elapsedMs).toBeLessThan(5_900);
      const [alive, dead] = first.stunServers;
      expect(dead).toEqual({ endpoint: deadServer, roundTripMs: null });
      if (kind === 'udp_blocked') expect(alive?.roundTripMs).toBeNull();
      else expect(alive?.roundTripMs).toBeGreaterThanOrEqual(30);
    },
  );

  coturnIt(
    'knows all of them by a server of other make',
    async () => {
      const foreign = await lab.publicHost('foreign', { addresses: 2 });
      const scratch = await mkdtemp(join(tmpdir(), 'lanrage-coturn-'));
      const coturn = await startCoturn(foreign, scratch);
      const found = natKinds.map(async (kind) => {
        const { first } = await probe(hostBehind(kind), `${foreign.address}:3478`);
        expect({ kind, ...first }).toMatchObject({ kind, ...withTwoAddresses[kind] });
      });
      await Promise.all(found);
      await end(coturn, 'SIGKILL');
      await rm(scratch, { recursive: true });
    },
    60_000,
  );

  function hostBehind(kind: NatKind): Host {
    const host = hosts.get(kind);
    if (!host) throw new Error(`No host behind ${kind}`);
    return host;
  }

  function resultOf(kind: NatKind) {
    const result = results.get(kind);
    if (!result) throw new Error(`No result for ${kind}`);
    return result;
  }
});

/** The relay's process, for its STUN service; it does without a control plane. */
async function startRelay(host: Host, settings: NodeJS.ProcessEnv = {}): Promise<void> {
  const child = host.spawn([process.execPath, join(root, 'dist/relay.js')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      LANRAGE_RELAY_SECRET: 'the-secret-of-this-test',
      LANRAGE_PUBLIC_ADDRESS: host.address,
      LANRAGE_LOG_LEVEL: 'error',
      ...settings,
    },
  });
  await once(child, 'message');
}

async function startCoturn(host: Host, scratch: string): Promise<ChildProcess> {
  const listeners = host.addresses.flatMap((address) => ['--listening-ip', address]);
  const files = [
    '--userdb',
    join(scratch, 'turndb'),
    '--pidfile',
    join(scratch, 'pid'),
    '--log-file',
    'stdout',
  ];
  const plain = ['-n', '--no-auth', '--no-tls', '--no-dtls', '--no-cli', '--relay-ip', host.address];
  const child = host.spawn(['turnserver', ...plain, ...files, ...listeners], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collectOutput(child);
  await until('coturn listens', () => output.stdout.includes('Total General servers'));
  return child;
}

async function probe(host: Host, ...servers: string[]): Promise<ProbeResult> {
  const argv = [process.execPath, join(root, 'test/e2e/nat-probe.mjs'), ...servers];
  const { code, stdout, stderr } = await host.exec(argv, { timeoutMs: 30_000 });
  if (code !== 0) throw new Error(`The probe of ${host.name} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as ProbeResult;
}
