/** What `npm run bench:relay` compares: each sets up the same pairs of players and leaves their flows to the generator. */
import { type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { decodeXorAddress, encodeXorAddress } from '#shared/stun/attributes';
import { attributeValue, decodeMessage, encodeMessage } from '#shared/stun/message';
import { data, initiation, response, testKey } from '../../wireguard-messages';
import type { Generator, GeneratorSocket } from './generator';
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

const relayPorts = { first: 20_000, last: 29_999 };
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
  start: (lab, generator, pairs) => startRelay(lab, generator, pairs),
};

export const fastPath: Candidate = {
  name: 'fast path',
  start: (lab, generator, pairs) => startRelay(lab, generator, pairs, 'fast'),
};

async function startRelay(
  lab: RelayLab,
  generator: Generator,
  pairs: number,
  path: 'fast' | 'slow' = 'slow',
): Promise<Running> {
  const script = join(__dirname, 'relay-process.mjs');
  const { first, last } = relayPorts;
  const settings = [addresses.server, String(first), String(last), path];
  const child = spawnMeasured(lab, [process.execPath, script, ...settings]);
  await once(child, 'message');
  const opened = once(child, 'message') as Promise<[{ ports: number[] }]>;
  child.send(
    Array.from({ length: pairs }, (_, pair) => ({ pairId: `pair ${pair}`, players: playersOf(pair) })),
  );
  const [{ ports }] = await opened;
  for (const [pair, port] of ports.entries()) await play(lab, generator, pair, port);
  return running(child);
}

/** Brings a pair to a session that carried data both ways, as two WireGuards would. */
async function play(lab: RelayLab, generator: Generator, pair: number, port: number): Promise<void> {
  const [alice, bob] = await sockets(lab, generator);
  const [aliceKey, bobKey] = playersOf(pair);
  const [first, aliceIndex, bobIndex] = [1, 2, 3].map((step) => pair * 4 + step) as [number, number, number];
  const relay = { address: addresses.server, port };
  await generator.send(alice, relay, initiation(bobKey, first));
  await generator.send(bob, relay, initiation(aliceKey, bobIndex));
  await generator.receive(alice);
  await generator.send(alice, relay, response(bobKey, aliceIndex, bobIndex));
  await generator.receive(bob);
  await generator.send(bob, relay, data(aliceIndex, 0));
  await generator.receive(alice);
  await generator.send(alice, relay, data(bobIndex, 0));
  await generator.receive(bob);
  await generator.flows(
    { from: alice, to: bob, destination: relay, index: bobIndex },
    { from: bob, to: alice, destination: relay, index: aliceIndex },
  );
}

function playersOf(pair: number) {
  return [testKey(2 * pair + 1), testKey(2 * pair + 2)] as const;
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

/** With real-time priority: what else the machine has to do waits meanwhile. */
function spawnMeasured({ server }: RelayLab, argv: readonly string[]): ChildProcess {
  const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const;
  return server.spawn(['chrt', '-f', '1', 'taskset', '-c', String(cpus.measured), ...argv], {
    stdio: [...stdio],
  });
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
