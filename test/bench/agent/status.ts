/**
 * How long the agent takes for a status with fresh latencies, and how much processor time, its `ping` processes included: while
 * everybody answers, and from the moment on in which the cables of some are pulled out.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { askAgent } from '../../../apps/client/src/agent/local-client';
import { LabPlayer } from '../../e2e/support/lab-player';
import { LabServer } from '../../e2e/support/lab-server';
import { PartyAgent } from '../../e2e/support/party-agent';
import { until } from '../../e2e/support/processes';
import { Lab } from '../../lab/lab';
import { percentile, progress, round, type Bar } from '../support/report';
import type { Section } from '../support/sections';

interface Size {
  readonly others: number;
  readonly dead: number;
  readonly spanMs: number;
}

/** Longer than the agent takes to give up a path, so that players who have just died are among it, and players long dead. */
const full: Size = { others: 31, dead: 5, spanMs: 45_000 };
const small: Size = { others: 8, dead: 2, spanMs: 15_000 };
/** Delay between each site and the internet. All play via the relay, so that a ping takes four times as long as this, there and back. */
const ONE_WAY_MS = 10;
const ROUND_TRIP_MS = 4 * ONE_WAY_MS;
/** Between two statuses: longer than what was measured just now serves the next one. */
const INTERVAL_MS = 250;
const IDLE_MS = 10_000;
/** The unit of /proc/…/stat, see proc_pid_stat(5). */
const MS_PER_TICK = 10;
const MOST_MS = 150;
const MOST_CPU_MS = 10;

interface Measured {
  readonly name: string;
  readonly answeredMs: readonly number[];
  /** For one status, beyond what the agent needs without being asked. */
  readonly cpuMs: number;
  /** How many of the others answer in the last status. */
  readonly answering: number;
}

export async function status({ quick }: { quick: boolean }): Promise<Section> {
  const size = quick ? small : full;
  const lab = await Lab.create();
  try {
    const server = await LabServer.start(await lab.publicHost('server', { delayMs: ONE_WAY_MS }), {
      LANRAGE_LOG_LEVEL: 'warn',
    });
    const alice = await LabPlayer.at(await lab.publicHost('alice', { delayMs: ONE_WAY_MS }), server.url);
    alice.extraSettings['LANRAGE_LOG_LEVEL'] = 'error';
    await alice.startAgent();
    const { party } = await askAgent(alice.home, 'create', { name: 'Bench', maxPeers: size.others + 1 }).then(
      inParty,
    );
    const others = await enter(lab, server, party.id, size);
    await until('Alice reaches everybody', async () => (await answeringTo(alice)) === size.others, {
      timeoutMs: 60_000,
      intervalMs: 1_000,
    });
    const whole = await measure(alice, 'everybody answers', size.spanMs);
    await Promise.all(others.slice(0, size.dead).map(({ host }) => host.linkDown()));
    const thinned = await measure(alice, `${size.dead} have lost their cables`, size.spanMs);
    await Promise.all([alice.stop(), ...others.map((other) => other.stop())]);
    await alice.removeHome();
    await server.stop();
    return sectionOf([whole, thinned], size);
  } finally {
    await lab.close();
  }
}

async function enter(lab: Lab, server: LabServer, partyId: string, size: Size): Promise<PartyAgent[]> {
  const others: PartyAgent[] = [];
  for (let number = 1; number <= size.others; number++) {
    progress(`player ${number} of ${size.others} enters`);
    const host = await lab.publicHost(`player${number}`, { delayMs: ONE_WAY_MS });
    const settings = { LANRAGE_DIRECT: 'off', LANRAGE_PORT_MAPPING: 'off' };
    const player = await PartyAgent.start(host, server, settings);
    await player.join(partyId);
    others.push(player);
  }
  return others;
}

async function measure(alice: LabPlayer, name: string, spanMs: number): Promise<Measured> {
  progress(`asking for ${spanMs / 1_000} s: ${name}`);
  const answeredMs: number[] = [];
  const cpuBeforeMs = cpuMsOf(alice.pid);
  const startedAtMs = performance.now();
  while (performance.now() - startedAtMs < spanMs) {
    const askedAtMs = performance.now();
    await askAgent(alice.home, 'status', {});
    const tookMs = performance.now() - askedAtMs;
    answeredMs.push(tookMs);
    await delay(Math.max(0, INTERVAL_MS - tookMs));
  }
  const usedMs = cpuMsOf(alice.pid) - cpuBeforeMs;
  const tookMs = performance.now() - startedAtMs;
  progress(`asking nothing for ${IDLE_MS / 1_000} s`);
  const idleBeforeMs = cpuMsOf(alice.pid);
  await delay(IDLE_MS);
  const idleMs = ((cpuMsOf(alice.pid) - idleBeforeMs) * tookMs) / IDLE_MS;
  const cpuMs = (usedMs - idleMs) / answeredMs.length;
  return { name, answeredMs, cpuMs, answering: await answeringTo(alice) };
}

/** How many others have a latency that is new. */
async function answeringTo(alice: LabPlayer): Promise<number> {
  const { party } = inParty(await askAgent(alice.home, 'status', {}));
  const isNew = (ageMs: number | null) => ageMs !== null && ageMs < 2 * ROUND_TRIP_MS;
  return party.peers.filter(({ latencyAgeMs }) => isNew(latencyAgeMs)).length;
}

function inParty<Status extends { status: string }>(answer: Status): Extract<Status, { status: 'in_party' }> {
  if (answer.status !== 'in_party') throw new Error('the agent is in no party');
  return answer as Extract<Status, { status: 'in_party' }>;
}

/** Processor time of a process and of the children that have ended. */
function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * MS_PER_TICK, 0);
}

function sectionOf(measured: readonly Measured[], size: Size): Section {
  const quantile = (values: readonly number[], wanted: number) => round(percentile(values, wanted));
  const rows = measured.map(({ name, answeredMs, cpuMs, answering }) => [
    name,
    answeredMs.length,
    quantile(answeredMs, 0.5),
    quantile(answeredMs, 0.99),
    round(percentile(answeredMs, 0.99) / ROUND_TRIP_MS),
    round(cpuMs),
    `${answering} of ${size.others}`,
  ]);
  const bars = measured.flatMap(({ name, answeredMs, cpuMs }): Bar[] => [
    { name: `status, ${name}: p99`, measured: percentile(answeredMs, 0.99), unit: 'ms', most: MOST_MS },
    { name: `status, ${name}: processor`, measured: cpuMs, unit: 'ms', most: MOST_CPU_MS },
  ]);
  return {
    tables: [
      {
        title: `Status in a party of ${size.others + 1}, ${ROUND_TRIP_MS} ms of round trip to each, asked every ${INTERVAL_MS} ms`,
        columns: ['while', 'asked', 'p50 ms', 'p99 ms', 'p99 of round trip', 'CPU ms', 'fresh at the end'],
        rows,
      },
    ],
    bars: [
      ...bars,
      ...measured.map(({ name, answering }, index) => ({
        name: `status, ${name}: players with a fresh latency`,
        measured: answering,
        unit: '',
        least: index === 0 ? size.others : size.others - size.dead,
      })),
    ],
  };
}
