/** The kernel's fast path in namespaces: what enters it, what leaves it, and that nothing is lost on the way. */
import { Generator } from '../bench/support/generator';
import { play, RelayChild, type RelayPath } from '../bench/support/relay-child';
import { addresses, cpus, RelayLab } from '../bench/support/relay-lab';
import { describeBpfLab, describeLab } from '../lab/available';
import { data } from '../wireguard-messages';
import { until } from './support/processes';

/** A game: 50 packets a second each way. */
const game = (durationMs: number) => ({ perSecond: 100, bytes: 128, durationMs });

jest.setTimeout(60_000);

describeBpfLab('the fast path by a program in the kernel', () => testsOf('BPF'));
describeLab('the fast path by nftables', () => testsOf('nftables'));

function testsOf(path: RelayPath): void {
  let lab: RelayLab;
  let generator: Generator;
  const relays: RelayChild[] = [];

  beforeAll(async () => {
    lab = await RelayLab.create();
    generator = await Generator.start(cpus);
  });
  afterEach(async () => {
    for (const relay of relays.splice(0)) await relay.stop();
    await generator.clear();
  });
  afterAll(async () => {
    await generator.stop();
    await lab.close();
  });

  const start = async (asked: RelayPath = path, prefix: readonly string[] = []) => {
    const relay = await RelayChild.start(lab, asked, { prefix });
    relays.push(relay);
    return relay;
  };
  const startPlaying = async (relay: RelayChild) => {
    const [port = 0] = await relay.open(1);
    return play(lab, generator, 0, port);
  };
  const isInKernel = async (relay: RelayChild) => (await relay.report()).kernelPackets > 20;
  const inKernel = (relay: RelayChild) => until('the kernel forwards', () => isInKernel(relay));
  /** Plays until the kernel forwards, however long that takes. @returns how many datagrams were sent, both ways */
  const playIntoKernel = async (relay: RelayChild) => {
    let sent = 0;
    await until('the kernel forwards', async () => {
      sent += (await generator.flood(game(1000))).sent;
      return isInKernel(relay);
    });
    return sent;
  };
  /** That alice's machine has received: unreachable, and time exceeded. */
  const icmpErrors = async () => {
    const { stdout } = await lab.alice.exec(['grep', '^Icmp:', '/proc/net/snmp']);
    const [names = [], values = []] = stdout.split('\n').map((line) => line.split(' '));
    return ['InDestUnreachs', 'InTimeExcds']
      .map((name) => Number(values[names.indexOf(name)]))
      .reduce((sum, count) => sum + count);
  };
  const tables = async () => (await lab.server.exec(['nft', 'list', 'tables'])).stdout;

  it('loses nothing when a game enters and leaves', async () => {
    const relay = await start();
    await startPlaying(relay);
    const played = generator.flood(game(4000));
    await inKernel(relay);
    expect(await tables()).toBe(path === 'nftables' ? 'table ip lanrage_relay_20000\n' : '');
    await relay.leaveKernel();
    expect(await tables()).toBe('');
    const { sent, received } = await played;
    expect(sent).toBeGreaterThan(390);
    expect(received).toBe(sent);
  });

  it('counts as user space does, also for pairs that are closed', async () => {
    const relay = await start();
    await startPlaying(relay);
    const { sent } = await generator.flood(game(1500));
    const counted = async () => (await relay.report()).totals.forwardedPackets;
    // Four are of the handshake; its first initiation found nobody.
    await until('all is counted', async () => (await counted()) === sent + 4);
    await relay.close(0);
    expect(await counted()).toBe(sent + 4);
    expect((await relay.report()).kernelFlows).toBe(0);
  });

  it('follows a player to another address', async () => {
    const relay = await start();
    const { bob, relay: port, aliceIndex, bobIndex } = await startPlaying(relay);
    await playIntoKernel(relay);
    const moved = await generator.socket(lab.alice, '192.0.2.2');
    for (const counter of [10_000, 10_001]) {
      await generator.send(moved, port, data(bobIndex, counter));
      await generator.receive(bob);
    }
    const sent = Array.from({ length: 20 }, (_, place) => data(aliceIndex, 10_000 + place));
    const arrived: Buffer[] = [];
    for (const datagram of sent) {
      await generator.send(bob, port, datagram);
      const answer = await generator.receive(moved).catch(() => undefined);
      if (answer) arrived.push(answer);
    }
    expect(arrived.length).toBeGreaterThanOrEqual(18);
    expect(arrived).toEqual(sent.slice(-arrived.length));
  });

  it('is not diverted by what somebody has recorded', async () => {
    const relay = await start();
    const { alice, bob, relay: port, aliceIndex, bobIndex } = await startPlaying(relay);
    const before = await playIntoKernel(relay);
    const { sent } = await generator.flood(game(1000));
    // One of the latest of each way, both of which are the kernel's by now.
    const late = Math.floor((before + sent) / 2) - 5;
    const mallory = await generator.socket(lab.alice, '192.0.2.2');
    for (let counter = 0; counter < 5; counter++)
      await generator.send(mallory, port, data(bobIndex, counter));
    // What only the kernel has seen passes once more.
    await generator.send(mallory, port, data(bobIndex, late));
    expect(await generator.receive(bob)).toEqual(data(bobIndex, late));
    const { totals } = await relay.report();
    expect(totals.drops['repeated']).toBe(5);
    // The kernel goes on forwarding; on a slow machine it may have let go of a game that paused.
    await playIntoKernel(relay);
    await generator.send(bob, port, data(aliceIndex, 10_000));
    expect(await generator.receive(alice)).toEqual(data(aliceIndex, 10_000));
  });

  it('leaves to user space what belongs to no session', async () => {
    const relay = await start();
    const { alice, bob, relay: port, bobIndex } = await startPlaying(relay);
    await playIntoKernel(relay);
    await generator.send(alice, port, data(bobIndex + 1000, 20_000));
    await generator.send(alice, port, data(bobIndex, 20_001));
    expect(await generator.receive(bob)).toEqual(data(bobIndex, 20_001));
    // The kernel may have forwarded the second before user space has looked at the first.
    const dropped = async () => (await relay.report()).totals.drops['unknown_index'] === 1;
    await until('user space drops the one of no session', dropped);
  });

  it.each([
    ['at the end of their way', { hops: 1 }],
    ['without a checksum', { hasChecksum: false }],
  ])('loses no packets %s', async (_what, header) => {
    const relay = await start();
    const { alice, bob, relay: port, bobIndex } = await startPlaying(relay);
    await playIntoKernel(relay);
    const before = await icmpErrors();
    await generator.header(alice, header);
    for (let counter = 10_000; counter < 10_040; counter++) {
      await generator.send(alice, port, data(bobIndex, counter));
      expect(await generator.receive(bob)).toEqual(data(bobIndex, counter));
    }
    await generator.header(alice, {});
    const { sent, received } = await generator.flood(game(1500));
    expect(received).toBe(sent);
    expect(await icmpErrors()).toBe(before);
    expect(relay.log).not.toContain('kernel fast path failed');
  });

  it('shows no player the other’s address when there is no way to it', async () => {
    const relay = await start();
    const { alice, relay: port, bobIndex } = await startPlaying(relay);
    await playIntoKernel(relay);
    const before = await icmpErrors();
    const route = (verb: 'add' | 'delete') =>
      lab.server.exec(['ip', 'route', verb, 'unreachable', addresses.bob]);
    expect((await route('add')).stderr).toBe('');
    try {
      // One of each, as the kernel sends few such messages a second.
      await generator.send(alice, port, data(bobIndex, 10_000));
      await generator.send(alice, { address: addresses.bob, port: 53 }, data(bobIndex, 1));
      await until('ICMP about anything else arrives', async () => (await icmpErrors()) > before);
      expect(await icmpErrors()).toBe(before + 1);
    } finally {
      await route('delete');
    }
  });

  it('is gone with a relay that is killed, and can be had again', async () => {
    const relay = await start();
    await startPlaying(relay);
    await playIntoKernel(relay);
    relays.pop();
    await relay.stop('SIGKILL');
    await until(
      'the kernel forwards no longer',
      async () => (await generator.flood(game(100))).received === 0,
    );
    expect(await tables()).toBe('');
    const next = await start();
    await until('it is ready again', () => next.log.includes('kernel fast path ready'));
  });

  const withFirewall = async (tests: (relay: RelayChild) => Promise<void>, starting = () => start()) => {
    const chain = 'chain forward { type filter hook forward priority 0; policy drop; }';
    const { stderr } = await lab.server.exec(['nft', `table ip firewall { ${chain}; }`]);
    expect(stderr).toBe('');
    try {
      const relay = await starting();
      await startPlaying(relay);
      await tests(relay);
      const { sent, received } = await generator.flood(game(500));
      // The last one of the game before may be among them.
      expect(received).toBeGreaterThanOrEqual(sent);
    } finally {
      await lab.server.exec(['nft', 'delete table ip firewall']);
    }
  };

  if (path === 'BPF') {
    it('needs no leave of a firewall that lets nothing through', () =>
      withFirewall(async (relay) => {
        const { sent, received } = await generator.flood(game(1500));
        expect(received).toBe(sent);
        await playIntoKernel(relay);
      }));
  } else {
    it('gives up where a firewall lets nothing through', () =>
      withFirewall(async (relay) => {
        const played = generator.flood(game(3000));
        await until('it gave up', () => relay.log.includes('kernel fast path failed'));
        await played;
      }));

    it('gives up for a slow game as well', () =>
      withFirewall(async (relay) => {
        await generator.flood(game(220));
        const played = generator.flood({ ...game(8000), perSecond: 10 });
        await until('it gave up', () => relay.log.includes('kernel fast path failed'));
        await played;
      }));

    it('is not begun where a firewall drops by default, unless it is asked for', async () => {
      // Only this one is left of the ways that the relay takes by itself.
      const withoutBpf = () => start('BPF', ['setpriv', '--bounding-set=-all,+net_admin']);
      await withFirewall(async (relay) => {
        expect(relay.log).toContain('table ip firewall chain forward drops forwarded packets by default');
        const { sent, received } = await generator.flood(game(1500));
        expect(received).toBe(sent);
      }, withoutBpf);
      expect((await withoutBpf()).log).toMatch(/"by":"nftables".*kernel fast path ready/);
    });

    it('leaves players on the relay’s own machine to user space', async () => {
      const relay = await start();
      const [port = 0] = await relay.open(1);
      const near = await generator.socket(lab.server, addresses.serverTowardsBob);
      await play(lab, generator, 0, port, near);
      const { sent, received } = await generator.flood(game(2500));
      expect(received).toBe(sent);
      expect((await relay.report()).kernelPackets).toBe(0);
    });
  }

  it('does without where the kernel must not forward, and says so', async () => {
    const forward = (value: 0 | 1) =>
      lab.server.exec(['sh', '-c', `echo ${value} > /proc/sys/net/ipv4/ip_forward`]);
    await forward(0);
    try {
      const relay = await start();
      await startPlaying(relay);
      const { sent, received } = await generator.flood(game(500));
      expect(received).toBe(sent);
      expect(relay.log.match(/no kernel fast path/g)).toHaveLength(1);
    } finally {
      await forward(1);
    }
  });
}
