/**
 * What junk on one port costs the games on others, what never comes of it, and how fast the relay takes in what is new.
 * The flooded port is as full as a port can be, because then a datagram of a stranger costs most.
 */
import { type Generator, type Junk, junkKinds } from './generator';
import { play, RelayChild } from './relay-child';
import { measuredFirst } from './relay-candidates';
import { addresses, type RelayLab } from './relay-lab';

export type Path = 'user space' | 'kernel';

export interface FloodResult {
  readonly path: Path;
  /** Nothing: the games alone, for comparison. */
  readonly kind: Junk['kind'] | 'nothing';
  readonly junkPerSecond: number;
  /** Share of round trips of the games that did not come about. */
  readonly loss: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Datagrams that left the server without having been forwarded. */
  readonly answers: number;
}

export interface Promptness {
  /** From the data message that makes a session busy until the kernel forwards, one figure per session. */
  readonly kernelFollowsMs: readonly number[];
  /** Of each of 1,000 pairs. */
  readonly openMs: readonly number[];
}

/** Pairs of one port, see maxPairsPerPort in apps/relay/src/core/port.ts. */
const crowd = 64;
const games = 20;
const junkPerSecond = 100_000;
/** Each game: 50 packets a second each way. */
const echo = { perSecond: games * 50, bytes: 128, durationMs: 1500 };
/** Of the 16 that make a session busy (apps/relay/src/core/session.ts) two passed before. */
const busyMessages = 14;
const newcomers = 50;
const entering = { perSecond: 2000, bytes: 128, durationMs: 200 };

export async function measureFlood(path: Path, lab: RelayLab, generator: Generator): Promise<FloodResult[]> {
  const relay = await RelayChild.start(lab, path, measuredFirst);
  try {
    const gamePorts = await relay.open(games);
    const [crowded = 0] = await relay.openTogether(games, crowd);
    for (const [pair, port] of gamePorts.entries()) await play(lab, generator, pair, port);
    await generator.flood(echo);
    const results: FloodResult[] = [];
    for (const kind of ['nothing', ...junkKinds] as const) {
      if (kind !== 'nothing') {
        const to = { address: addresses.server, port: crowded };
        await generator.junk(lab.alice, { to, kind, perSecond: junkPerSecond });
      }
      results.push({ path, kind, ...(await playUnderFlood(relay, lab, generator)) });
    }
    return results;
  } finally {
    await relay.stop();
    await generator.clear();
  }
}

export async function measurePromptness(lab: RelayLab, generator: Generator): Promise<Promptness> {
  const relay = await RelayChild.start(lab, 'kernel', measuredFirst);
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

async function playUnderFlood(relay: RelayChild, lab: RelayLab, generator: Generator) {
  const before = { out: await datagramsOut(lab), forwarded: await userSpacePackets(relay) };
  const { sent, received, p50Us, p99Us } = await generator.echo(echo);
  const junk = await generator.calm();
  const out = (await datagramsOut(lab)) - before.out;
  const answers = out - ((await userSpacePackets(relay)) - before.forwarded);
  return {
    junkPerSecond: junk / (echo.durationMs / 1000),
    loss: 1 - received / sent,
    p50Us,
    p99Us,
    answers,
  };
}

async function userSpacePackets(relay: RelayChild): Promise<number> {
  const { totals, kernelPackets } = await relay.report();
  return totals.forwardedPackets - kernelPackets;
}

/** Sent by sockets of the server; what the kernel forwards by itself is not among them. */
async function datagramsOut({ server }: RelayLab): Promise<number> {
  const { stdout } = await server.exec(['cat', '/proc/net/snmp']);
  const [names = [], values = []] = stdout
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('OutDatagrams')]);
}
