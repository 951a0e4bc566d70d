/** The kernel's program of the fast path, packet by packet, as the kernel of this machine carries it out. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Counted, Flow } from '../../apps/relay/src/fastpath/flow';
import { addresses, RelayLab } from '../bench/support/relay-lab';
import { frame as frameFor, type UdpPacket } from '../ip-packets';
import { describeBpfLab } from '../lab/available';
import { data } from '../wireguard-messages';
import { end } from './support/processes';

const ports = { first: 51_900, last: 51_963 };
/** Results of the program: TCX_NEXT and TCX_REDIRECT in linux/bpf.h. */
const [passed, sent] = [-1, 7];

/** The interface of the relay's machine, towards Alice. */
const card = { name: 'to-alice', address: '02:00:00:00:00:02' } as const;
const frame = (packet: UdpPacket) => frameFor(packet, card.address.replaceAll(':', ''));

interface Ran {
  readonly verdict: number;
  readonly frame: Buffer;
}

interface Network {
  readonly name: string;
  readonly alice: string;
  readonly relay: string;
  readonly bob: string;
  /** Where no way leads. */
  readonly nowhere: string;
}

const networks: readonly Network[] = [
  {
    name: 'IPv4',
    alice: addresses.alice,
    relay: addresses.server,
    bob: addresses.bob,
    nowhere: '203.0.113.1',
  },
  {
    name: 'IPv6',
    alice: '2001:db8:a::2',
    relay: '2001:db8:a::1',
    bob: '2001:db8:b::2',
    nowhere: '2001:db8:c::1',
  },
];

for (const network of networks) {
  describeBpfLab(`the program of the fast path, ${network.name}`, () => testsOf(network));
}

function testsOf({ name, alice, relay, bob, nowhere }: Network): void {
  const flow: Flow = {
    from: { address: alice, port: 40_000 },
    local: relay,
    port: 51_901,
    index: 0x8899_aabb | 0,
    to: { address: bob, port: 50_000 },
  };
  /** What fits into 1500 bytes behind the headers of IP and UDP. */
  const longest = 1500 - (name === 'IPv4' ? 28 : 48);
  const packet: UdpPacket = {
    from: flow.from,
    to: { address: relay, port: flow.port },
    payload: data(flow.index, 7, 128),
  };
  let lab: RelayLab;
  let child: ChildProcess;

  beforeAll(async () => {
    lab = await RelayLab.create();
    if (name === 'IPv6') await haveIpv6(lab);
    const script = join(__dirname, 'support/bpf-process.mjs');
    const settings = [relay, String(ports.first), String(ports.last), card.name];
    child = lab.server.spawn([process.execPath, script, ...settings], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    const set = `ip link set ${card.name} address ${card.address}`;
    expect((await lab.server.exec(['sh', '-c', set])).stderr).toBe('');
  });
  afterAll(async () => {
    await end(child, 'SIGTERM');
    await lab.close();
  });

  beforeEach(() => ask('insert', flow));
  afterEach(() => ask('remove', flow));

  it('sends data of a flow on, one hop older, with true checksums', async () => {
    const { verdict, frame: later } = await run(frame(packet));
    expect(verdict).toBe(sent);
    expect(later).toEqual(frame({ ...relayed(packet, flow), hops: 63 }));
    expect(await ask<Counted>('remove', flow)).toEqual({ packets: 1, bytes: 128 });
  });

  it('does so whatever is in the packet, and counts it', async () => {
    const port = fc.integer({ min: 1, max: 65_535 });
    const flows = fc.record({
      fromPort: port,
      toPort: port,
      index: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      hops: fc.integer({ min: 2, max: 255 }),
    });
    const messages = fc.uint8Array({ minLength: 32, maxLength: 1400 });
    await fc.assert(
      fc.asyncProperty(
        flows,
        messages,
        fc.integer({ min: ports.first, max: ports.last }),
        async ({ fromPort, toPort, index, hops }, bytes, relayPort) => {
          const payload = Buffer.from(bytes);
          data(index, 0).copy(payload, 0, 0, 8);
          const one = {
            from: { address: alice, port: fromPort },
            local: relay,
            port: relayPort,
            index,
            to: { address: bob, port: toPort },
          };
          const arriving = { from: one.from, to: { address: relay, port: relayPort }, payload, hops };
          await ask('insert', one);
          const ran = await run(frame(arriving));
          expect(await ask<Counted>('remove', one)).toEqual({ packets: 1, bytes: payload.length });
          expect(ran).toEqual({ verdict: sent, frame: frame({ ...relayed(arriving, one), hops: hops - 1 }) });
        },
      ),
      { numRuns: 300 },
    );
  });

  const others: [what: string, frame: Buffer][] = [
    ['data with another index', frame({ ...packet, payload: data(flow.index + 1, 7) })],
    ['data from another port', frame({ ...packet, from: { ...flow.from, port: 40_001 } })],
    ['data from another address', frame({ ...packet, from: { ...flow.from, address: bob } })],
    ['data to another port', frame({ ...packet, to: { ...packet.to, port: 51_902 } })],
    ['data to a port that is not the relay’s', frame({ ...packet, to: { ...packet.to, port: 53 } })],
    ['data to another address', frame({ ...packet, to: { ...packet.to, address: bob } })],
    ['data at the end of its way', frame({ ...packet, hops: 1 })],
    ['another type of message', frame({ ...packet, payload: withByte(packet.payload, 0, 3) })],
    ['a type that is none', frame({ ...packet, payload: withByte(packet.payload, 3, 1) })],
    ['data that is too short', frame({ ...packet, payload: packet.payload.subarray(0, 31) })],
    ['a packet that ends early', frame(packet).subarray(0, name === 'IPv4' ? 48 : 68)],
    ['another protocol', withByte(frame(packet), name === 'IPv4' ? 23 : 20, 6)],
    ['another kind of frame', withByte(frame(packet), 13, 6)],
    ['a frame for another machine', withByte(frame(packet), 5, 9)],
    [
      'a packet that is a byte too long for the way on',
      frame({ ...packet, payload: data(flow.index, 7, longest + 1) }),
    ],
  ];
  if (name === 'IPv4') {
    others.push(
      ['a first fragment', withByte(frame(packet), 20, 0x20)],
      ['a later fragment', withByte(frame(packet), 21, 1)],
      ['IP options', withByte(frame(packet), 14, 0x46)],
    );
  }
  it.each(others)('leaves %s to the kernel, as it is', async (_what, other) => {
    expect(await run(other)).toEqual({ verdict: passed, frame: other });
  });

  it('sends on what just fits, and no more than the way takes', async () => {
    const long = frame({ ...packet, payload: data(flow.index, 7, longest) });
    expect((await run(long)).verdict).toBe(sent);
    const narrow = `ip route replace ${bob}/${name === 'IPv4' ? 32 : 128} dev to-bob mtu lock 1400`;
    expect((await lab.server.exec(['sh', '-c', narrow])).stderr).toBe('');
    expect((await run(long)).verdict).toBe(passed);
    expect((await run(frame(packet))).verdict).toBe(sent);
    await lab.server.exec(['ip', 'route', 'delete', bob, 'dev', 'to-bob']);
  });

  it('leaves data to the kernel that there is no way for', async () => {
    for (const [address, verdict] of [
      [nowhere, passed],
      [bob, sent],
    ] as const) {
      const other = { ...flow, index: 5, to: { address, port: 1 } };
      await ask('insert', other);
      expect((await run(frame({ ...packet, payload: data(other.index, 7) }))).verdict).toBe(verdict);
      await ask('remove', other);
    }
  });

  it('lists more flows than fit into one answer, each once', async () => {
    await ask('remove', flow);
    const { parts, ...listed } = await ask<{ parts: number; found: number; left: number[] }>('list', {
      flow,
      count: 5000,
    });
    expect(listed).toEqual({ found: 5000, left: [0] });
    expect(parts).toBeGreaterThanOrEqual(50);
  });

  if (name === 'IPv4') {
    it('makes no checksum where there was none', async () => {
      const without = { ...packet, hasChecksum: false };
      const { frame: later } = await run(frame(without));
      expect(later).toEqual(frame({ ...relayed(without, flow), hops: 63 }));
    });
  }

  async function run(incoming: Buffer): Promise<Ran> {
    const ran = await ask<{ verdict: number; frame: string }>('run', incoming.toString('hex'));
    return { verdict: ran.verdict, frame: Buffer.from(ran.frame, 'hex') };
  }

  async function ask<Answer>(request: string, argument: unknown): Promise<Answer> {
    const answered = once(child, 'message') as Promise<[{ answer: Answer }]>;
    child.send({ request, argument });
    const [{ answer }] = await answered;
    return answer;
  }

  function relayed(arriving: UdpPacket, { port, to }: Flow): UdpPacket {
    return { ...arriving, from: { address: relay, port }, to };
  }
}

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = value;
  return changed;
}

async function haveIpv6({ server }: RelayLab): Promise<void> {
  const commands = [
    'ip -6 address add 2001:db8:a::1/64 dev to-alice nodad',
    'ip -6 address add 2001:db8:b::1/64 dev to-bob nodad',
    'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
  ];
  const { stderr } = await server.exec(['sh', '-c', commands.join(' && ')]);
  expect(stderr).toBe('');
}
