/**
 * Each flood against a server of its own, with the limits that it has by itself. Ten players in two other parties go on as
 * always, and what they wait is what counts.
 */
import { ControlServer } from '../bench/support/control-server';
import { percentile, progress, round, type Bar } from '../bench/support/report';
import type { Section } from '../bench/support/sections';
import { Swarm } from '../bench/support/swarm';
import { Attacker } from './floods/attacker';
import { kinds, type FloodKind } from './floods/kinds';

const SECONDS = 30;
const QUICK_SECONDS = 5;
const OTHERS = { first: 0, count: 10, partySize: 5 };
/** Below what any of them may ask. */
const OTHERS_PER_SECOND = 40;
const CALM_SECONDS = 5;
const MEMORY_EVERY_MS = 500;
const MOST_P99_MS = 100;
const MOST_GROWTH_MIB = 100;

interface Flooded {
  readonly kind: FloodKind;
  readonly sent: number;
  /** What the others waited, in milliseconds, before and during the flood. */
  readonly calmMs: readonly number[];
  readonly waitedMs: readonly number[];
  /** How often the others were refused, or not answered. */
  readonly refused: number;
  readonly growthMiB: number;
  readonly died: boolean;
}

export async function floods({ quick }: { quick: boolean }): Promise<Section> {
  const all: Flooded[] = [];
  for (const kind of Object.keys(kinds) as FloodKind[]) {
    progress(kind);
    all.push(await flood(kind, quick ? QUICK_SECONDS : SECONDS));
  }
  return {
    tables: [
      {
        title: 'Floods, and what the players of other parties wait meanwhile',
        columns: ['flood', 'messages', 'calm p99 ms', 'p50 ms', 'p99 ms', 'refused', 'MiB more'],
        rows: all.map(({ kind, sent, calmMs, waitedMs, refused, growthMiB }) => [
          kind,
          sent,
          round(percentile(calmMs, 0.99)),
          round(percentile(waitedMs, 0.5)),
          round(percentile(waitedMs, 0.99)),
          refused,
          Math.round(growthMiB),
        ]),
      },
    ],
    bars: all.flatMap(barsOf),
  };
}

function barsOf({ kind, waitedMs, refused, growthMiB, died }: Flooded): Bar[] {
  return [
    { name: `${kind}: others' p99`, measured: percentile(waitedMs, 0.99), unit: 'ms', most: MOST_P99_MS },
    { name: `${kind}: others refused`, measured: refused, unit: 'times', most: 0 },
    { name: `${kind}: memory growth`, measured: growthMiB, unit: 'MiB', most: MOST_GROWTH_MIB },
    { name: `${kind}: deaths`, measured: Number(died), unit: '', most: 0 },
  ];
}

async function flood(kind: FloodKind, seconds: number): Promise<Flooded> {
  const server = await ControlServer.start({ LANRAGE_LOG_LEVEL: 'fatal' });
  const others = Swarm.start();
  const attacker = await Attacker.prepare(kind, server.url);
  try {
    await others.tell('enter', { urls: [server.url], ...OTHERS });
    const calm = await others.tell('ask', { perSecond: OTHERS_PER_SECOND, seconds: CALM_SECONDS });
    const memory = new PeakMemory(server);
    const [during, sent] = await Promise.all([
      others.tell('ask', { perSecond: OTHERS_PER_SECOND, seconds }),
      attacker.flood(seconds),
    ]);
    return {
      kind,
      sent,
      calmMs: calm.flatMap(({ durationsMs }) => durationsMs),
      waitedMs: during.flatMap(({ durationsMs }) => durationsMs),
      refused: during.reduce((sum, { errors }) => sum + errors.length, 0),
      growthMiB: memory.stop(),
      died: server.hasEnded,
    };
  } finally {
    attacker.stop();
    await others.stop();
    await server.stop();
  }
}

/** How much more memory a server ever has than at the start, in MiB. */
class PeakMemory {
  private readonly atStart = this.server.usage().memoryMiB;
  private most = this.atStart;
  private readonly timer = setInterval(() => this.look(), MEMORY_EVERY_MS);

  constructor(private readonly server: ControlServer) {}

  stop(): number {
    clearInterval(this.timer);
    this.look();
    return this.most - this.atStart;
  }

  private look(): void {
    this.most = Math.max(this.most, this.server.usage().memoryMiB);
  }
}
