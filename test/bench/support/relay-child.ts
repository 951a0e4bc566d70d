import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { PortRange } from '../../../apps/relay/src/core/port-choice';
import type { PublicKey } from '#shared/wireguard/key';
import type { Namespace } from '../../lab/namespace';
import { data, initiation, response, testKey } from '../../wireguard-messages';
import type { Generator, GeneratorSocket } from './generator';
import { addresses, type RelayLab } from './relay-lab';

/** Something that it logged, or the answer to a request. */
interface Message {
  readonly log?: string;
  readonly answer?: unknown;
}

interface RelayReport {
  readonly kernelFlows: number;
  readonly kernelPackets: number;
  readonly sessions: number;
  readonly totals: { readonly forwardedPackets: number; readonly drops: Readonly<Record<string, number>> };
}

const ports: PortRange = { first: 20_000, last: 29_999 };
/** As `npm run relay` has them. */
const relayFlags = ['--max-semi-space-size=2', '--optimize-for-size'];
const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] satisfies StdioOptions;

/** What forwards: a program in the kernel, nftables, user space; `dgram`: the latter, one datagram at a time. */
export type RelayPath = 'BPF' | 'nftables' | 'user space' | 'dgram';

interface StartOptions {
  /** Words before the command that starts it. */
  readonly prefix?: readonly string[];
  /** `timed`: with {@link RelayChild.turns}. */
  readonly settings?: readonly 'timed'[];
}

interface Turns {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** The compiled relay in the lab's server, and what it is told there. */
export class RelayChild {
  /** Everything that it has logged. */
  log = '';

  private constructor(readonly child: ChildProcess) {
    child.on('message', ({ log = '' }: Message) => (this.log += log));
  }

  static start(lab: RelayLab, path: RelayPath, options?: StartOptions): Promise<RelayChild> {
    return RelayChild.startOn(lab.server, addresses.server, path, options);
  }

  /** At this address of a machine of a lab. */
  static startOn(
    server: Namespace,
    address: string,
    path: RelayPath,
    { prefix = [], settings = [] }: StartOptions = {},
  ): Promise<RelayChild> {
    const argv = [...prefix, ...command(address, ports, path, ...settings)];
    return RelayChild.#ready(server.spawn(argv, { stdio }));
  }

  /** Outside the lab, in user space, with the limits for strangers lifted. */
  static startHere(bindAddress: string, range: PortRange): Promise<RelayChild> {
    const [program, ...args] = command(bindAddress, range, 'user space', 'strangers');
    return RelayChild.#ready(spawn(program, args, { stdio }));
  }

  static async #ready(child: ChildProcess): Promise<RelayChild> {
    const relay = new RelayChild(child);
    await relay.#answer();
    return relay;
  }

  /** Opens so many pairs of {@link playersOf}; gives the port of each. */
  open(count: number): Promise<number[]> {
    return this.openMore(0, count);
  }

  /** Opens a pair of players with true keys; gives its port. */
  async openFor(pairId: string, players: readonly PublicKey[]): Promise<number> {
    const [port = 0] = await this.#ask<number[]>('open', [{ pairId, players }]);
    return port;
  }

  /** {@link open} from the pair `first` on. */
  openMore(first: number, count: number): Promise<number[]> {
    return this.#ask('open', identitiesOf(first, count));
  }

  /** {@link open} from the pair `first` on, all on one port. */
  openTogether(first: number, count: number): Promise<number[]> {
    const preferredPort = ports.last;
    return this.#ask(
      'open',
      identitiesOf(first, count).map((identity) => ({ ...identity, preferredPort })),
    );
  }

  /** Opens pairs one after the other; gives the milliseconds that each took. */
  timeOpening(first: number, count: number): Promise<number[]> {
    return this.#ask('timeOpening', identitiesOf(first, count));
  }

  report(): Promise<RelayReport> {
    return this.#ask('report');
  }

  /** How many turns its ports had since the last time that this was asked, and how long they took. */
  turns(): Promise<Turns> {
    return this.#ask('turns');
  }

  async close(pair: number): Promise<void> {
    await this.#ask('close', [`pair ${pair}`]);
  }

  /** Forwards in user space from now on. */
  async leaveKernel(): Promise<void> {
    await this.#ask('leaveKernel');
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
  }

  async #ask<Answer>(request: string, argument?: unknown): Promise<Answer> {
    const answered = this.#answer();
    this.child.send({ request, argument });
    return (await answered) as Answer;
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve) => {
      const listener = ({ log, answer }: Message) => {
        if (log !== undefined) return;
        this.child.off('message', listener);
        resolve(answer);
      };
      this.child.on('message', listener);
    });
  }
}

/** Two players in a session. */
export interface Playing {
  readonly alice: GeneratorSocket;
  readonly bob: GeneratorSocket;
  readonly relay: { readonly address: string; readonly port: number };
  /** The index that each chose, so that data for it carries it. */
  readonly aliceIndex: number;
  readonly bobIndex: number;
}

/**
 * Brings a pair to a session that carried data both ways, as two WireGuards would; opens two flows for it.
 * @param other instead of a player on bob's machine
 */
export async function play(
  lab: RelayLab,
  generator: Generator,
  pair: number,
  port: number,
  other?: GeneratorSocket,
): Promise<Playing> {
  const alice = await generator.socket(lab.alice, addresses.alice);
  const bob = other ?? (await generator.socket(lab.bob, addresses.bob));
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
  return { alice, bob, relay, aliceIndex, bobIndex };
}

function command(
  bindAddress: string,
  { first, last }: PortRange,
  ...settings: string[]
): [program: string, ...args: string[]] {
  const script = join(__dirname, 'relay-process.mjs');
  const range = [String(first), String(last)];
  return [process.execPath, ...relayFlags, script, bindAddress, ...range, ...settings];
}

function identitiesOf(first: number, count: number) {
  return Array.from({ length: count }, (_, place) => ({
    pairId: `pair ${first + place}`,
    players: playersOf(first + place),
  }));
}

export function playersOf(pair: number) {
  return [testKey(2 * pair + 1), testKey(2 * pair + 2)] as const;
}
