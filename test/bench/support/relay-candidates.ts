/** What `npm run bench:relay` compares: each sets up the same pairs of players and leaves their flows to the generator. */
import { type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { decodeXorAddress, encodeXorAddress } from '#shared/stun/attributes';
import { attributeValue, decodeMessage, encodeMessage } from '#shared/stun/message';
import type { Generator, GeneratorSocket } from './generator';
import { play, RelayChild, type RelayPath } from './relay-child';
import { addresses, cpus, type RelayLab } from './relay-lab';

export interface Running {
  /** The relay's process; null where only the kernel is at work. */
  readonly pid: number | null;
  stop(): Promise<void>;
}

export interface Candidate {
  readonly name: string;
  start(lab: RelayLab, generator: Generator, pairs: number): Promise<Running>;
}

/** Real-time priority: what else the machine has to do waits meanwhile. In turns: threads of a relay wait for each other. */
export const measuredFirst = ['chrt', '-r', '1', 'taskset', '-c', String(cpus.measured)];
const turnPort = 3478;
/** RFC 8656 section 12: the first channel. */
const channel = 0x4000;

/** The server as a router and no more: what any relay on it can reach at best. */
export const plain: Candidate = {
  name: 'plain forwarding',
  async start(lab, generator, pairs) {
    for (let pair = 0; pair < pairs; pair++) {
      const [alice, bob] = await sockets(lab, generator);
      await generator.flows(
        { from: alice, to: bob, destination: bob, index: 1 },
        { from: bob, to: alice, destination: alice, index: 2 },
      );
    }
    return { pid: null, stop: () => Promise.resolve() };
  },
};

export const userSpace: Candidate = {
  name: 'user space',
  start: (lab, generator, pairs) => startRelay(lab, generator, pairs, 'user space'),
};

/** As on other systems than Linux. */
export const dgram: Candidate = {
  name: 'user space, dgram',
  start: (lab, generator, pairs) => startRelay(lab, generator, pairs, 'dgram'),
};

export const fastPath: Candidate = {
  name: 'fast path, BPF',
  start: (lab, generator, pairs) => startRelay(lab, generator, pairs, 'BPF'),
};

/** As on Linux before 6.6. */
export const nftables: Candidate = {
  name: 'fast path, nftables',
  start: (lab, generator, pairs) => startRelay(lab, generator, pairs, 'nftables'),
};

async function startRelay(
  lab: RelayLab,
  generator: Generator,
  pairs: number,
  path: RelayPath,
): Promise<Running> {
  const relay = await RelayChild.start(lab, path, { prefix: measuredFirst });
  const ports = await relay.open(pairs);
  for (const [pair, port] of ports.entries()) await play(lab, generator, pair, port);
  if (path === 'BPF' && !relay.log.includes('"by":"BPF"')) throw new Error(`no BPF here: ${relay.log}`);
  return running(relay.child);
}

/** coturn with an allocation for alice and a channel to bob, who sends to the allocation without any framing. */
export const coturn: Candidate = {
  name: 'coturn',
  async start(lab, generator, pairs) {
    const listening = [
      '-n',
      '--no-auth',
      '-L',
      addresses.server,
      '-p',
      String(turnPort),
      '-E',
      addresses.server,
    ];
    const quiet = ['--no-tcp', '--no-tls', '--no-dtls', '--no-cli', '--no-stdout-log', '-l', '/dev/null'];
    const child = spawnMeasured(lab, [
      'turnserver',
      ...listening,
      ...quiet,
      '-m',
      '1',
      '--pidfile',
      '/dev/null',
    ]);
    const turn = { address: addresses.server, port: turnPort };
    for (let pair = 0; pair < pairs; pair++) {
      const [alice, bob] = await sockets(lab, generator);
      const relayed = await allocate(generator, alice, bob, pair === 0);
      await generator.flows(
        { from: alice, to: bob, destination: turn, index: 1, channel },
        { from: bob, to: alice, destination: relayed, index: 2 },
      );
    }
    return running(child);
  },
};

/** RFC 8656 sections 7 and 12: an allocation for one player and a channel to the other one. */
async function allocate(
  generator: Generator,
  alice: GeneratorSocket,
  bob: GeneratorSocket,
  isFirst: boolean,
) {
  const [allocateMethod, channelBindMethod] = [3, 9];
  const [channelNumber, xorPeerAddress, xorRelayedAddress, requestedTransport] = [0xc, 0x12, 0x16, 0x19];
  const udp = 17;
  const transactionId = randomBytes(12);
  const allocation = await ask(generator, alice, isFirst ? 50 : 1, {
    class: 'request',
    method: allocateMethod,
    transactionId,
    attributes: [{ type: requestedTransport, value: Buffer.from([udp, 0, 0, 0]) }],
  });
  const relayed = attributeValue(allocation, xorRelayedAddress);
  const address = relayed && decodeXorAddress(relayed, transactionId);
  if (!address) throw new Error('coturn allocated nothing');
  await ask(generator, alice, 1, {
    class: 'request',
    method: channelBindMethod,
    transactionId,
    attributes: [
      { type: channelNumber, value: Buffer.from([channel >> 8, channel & 0xff, 0, 0]) },
      { type: xorPeerAddress, value: encodeXorAddress(bob, transactionId) },
    ],
  });
  return address;
}

/** Asks until the server, which may be starting, answers; at most so many times, 1 s apart at most. */
async function ask(
  generator: Generator,
  socket: GeneratorSocket,
  attempts: number,
  request: Parameters<typeof encodeMessage>[0],
) {
  const turn = { address: addresses.server, port: turnPort };
  await generator.send(socket, turn, encodeMessage(request));
  const answer = await generator.receive(socket).catch((error: unknown) => error as Error);
  const message = answer instanceof Error ? undefined : decodeMessage(answer);
  if (message?.class === 'success') return message;
  if (attempts > 1) return ask(generator, socket, attempts - 1, request);
  throw new Error(`coturn refused: ${JSON.stringify(message ?? answer)}`);
}

async function sockets({ alice, bob }: RelayLab, generator: Generator) {
  return [
    await generator.socket(alice, addresses.alice),
    await generator.socket(bob, addresses.bob),
  ] as const;
}

function spawnMeasured({ server }: RelayLab, argv: readonly string[]): ChildProcess {
  return server.spawn([...measuredFirst, ...argv], { stdio: ['ignore', 'ignore', 'inherit'] });
}

function running(child: ChildProcess): Running {
  return {
    pid: child.pid ?? null,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
