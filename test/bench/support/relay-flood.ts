/**
 * What junk on one port costs the games on others, what never comes of it, and how fast the relay takes in what is new.
 * The flooded port is as full as a port can be, because then a datagram of a stranger costs most.
 */
import { type Generator, type Junk, junkKinds } from './generator';
import { play, RelayChild, type RelayPath } from './relay-child';
import { measuredFirst } from './relay-candidates';
import { addresses, type RelayLab } from './relay-lab';

export type Path = Extract<RelayPath, 'user space' | 'BPF'>;

export interface FloodResult {
  readonly path: Path;
  /** Nothing: the games alone, for comparison. */
  readonly kind: Junk['kind'] | 'nothing';
  readonly junkPerSecond: number;
  /** Share of round trips of the games that did not come about. */
  readonly loss: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Datagrams that the relay sent to where the junk says that it comes from. */
  readonly answers: number;
}

export interface Promptness {
  /** From the data message that makes a session busy until the kernel forwards, one figure per session. */
  readonly kernelFollowsMs: readonly number[];
  /** How long each of 1,000 pairs took to open. */
  readonly openMs: readonly number[];
}

/** Pairs of one port, see maxPairsPerPort in apps/relay/src/core/port.ts. */
const crowd = 64;
const games = 20;
/** The kernel counts what leaves for the false sources, see JUNK_NETWORK in generator.c; there is a way to them. */
const watch = { table: 'answers_to_junk', network: '198.18.0.0/15' } as const;
const junkPerSecond = 100_000;
/** Each game: 50 packets a second each way. */
const echo = { perSecond: games * 50, bytes: 128, durationMs: 1500 };
/** Two fewer than the 16 that make a session busy (apps/relay/src/core/session.ts) two passed before. */
const busyMessages = 14;
const newcomers = 50;
const entering = { perSecond: 2000, bytes: 128, durationMs: 200 };

export async function measureFlood(path: Path, lab: RelayLab, generator: Generator): Promise<FloodResult[]> {
  const relay = await RelayChild.start(lab, path, { prefix: measuredFirst });
  try {
    const gamePorts = await relay.open(games);
    const [crowded = 0] = await relay.openTogether(games, crowd);
    for (const [pair, port] of gamePorts.entries()) await play(lab, generator, pair, port);
    await generator.flood(echo);
    await watchAnswers(lab);
    const results: FloodResult[] = [];
    for (const kind of ['nothing', ...junkKinds] as const) {
      if (kind !== 'nothing') {
        const to = { address: addresses.server, port: crowded };
        await generator.junk(lab.alice, { to, kind, perSecond: junkPerSecond });
      }
      results.push({ path, kind, ...(await playUnderFlood(lab, generator)) });
    }
    return results;
  } finally {
    await relay.stop();
    await generator.clear();
    await lab.server.exec(['nft', 'delete', 'table', 'ip', watch.table]);
  }
}

export async function measurePromptness(lab: RelayLab, generator: Generator): Promise<Promptness> {
  const relay = await RelayChild.start(lab, 'BPF', { prefix: measuredFirst });
  try {
    const kernelFollowsMs: number[] = [];
    for (const [pair, port] of (await relay.open(newcomers)).entries()) {
      await play(lab, generator, pair, port);
      const before = await userSpacePackets(relay);
      await generator.flood(entering);
      const here = (await userSpacePackets(relay)) - before - busyMessages;
      kernelFollowsMs.push(Math.max(0, here) / (entering.perSecond / 1000));
      await generator.clear();
    }
    return { kernelFollowsMs, openMs: await relay.timeOpening(newcomers, 1000) };
  } finally {
    await relay.stop();
  }
}

async function playUnderFlood(lab: RelayLab, generator: Generator) {
  const before = await answersOf(lab);
  const { sent, received, p50Us, p99Us } = await generator.echo(echo);
  const junk = await generator.calm();
  return {
    junkPerSecond: junk / (echo.durationMs / 1000),
    loss: 1 - received / sent,
    p50Us,
    p99Us,
    answers: (await answersOf(lab)) - before,
  };
}

async function userSpacePackets(relay: RelayChild): Promise<number> {
  const { totals, kernelPackets } = await relay.report();
  return totals.forwardedPackets - kernelPackets;
}

async function watchAnswers({ server }: RelayLab): Promise<void> {
  await server.exec(['ip', 'route', 'replace', watch.network, 'via', addresses.alice]);
  const { table, network } = watch;
  const commands = [
    `add table ip ${table}`,
    `add chain ip ${table} out { type filter hook output priority 0; }`,
    `add rule ip ${table} out ip daddr ${network} counter`,
  ];
  await server.exec(['nft', commands.join('; ')]);
}

async function answersOf({ server }: RelayLab): Promise<number> {
  const { stdout } = await server.exec(['nft', 'list', 'table', 'ip', watch.table]);
  return Number(/packets (\d+)/.exec(stdout)?.[1] ?? NaN);
}
