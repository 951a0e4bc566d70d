/**
 * Half a million sign-ins in one process under constant garbage collection. The process watches its own event loop, as it alone
 * can tell a stall from a busy machine; somebody outside watches whether it answers at all: a native deadlock in the runtime
 * stops a process for ever.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { signIn } from '../bench/support/agents';
import { ControlServer, type LoopWatch } from '../bench/support/control-server';
import { load } from '../bench/support/load';
import { progress, round } from '../bench/support/report';
import type { Section } from '../bench/support/sections';

const SIGN_INS = 500_000;
const QUICK_SIGN_INS = 10_000;
const CONNECTIONS = 32;
const PROBE_EVERY_MS = 100;
/** After so long without an answer the process counts as frozen, and the soak ends. */
const FROZEN_MS = 120_000;

/** What a process would tell of itself that never answered again. */
const FROZEN: LoopWatch = { stalls: 1, longestMs: FROZEN_MS, machineStalls: 0 };

const unlimited = { LANRAGE_LIMIT_REQUESTS: '0', LANRAGE_LIMIT_SIGN_INS: '0' };

export async function soak({ quick }: { quick: boolean }): Promise<Section> {
  const signIns = quick ? QUICK_SIGN_INS : SIGN_INS;
  const server = await ControlServer.start(unlimited);
  server.pressOnMemory();
  server.watchLoop();
  const pool = new Pool(server.url, { connections: CONNECTIONS });
  const watch = new AnswerWatch(server.url);
  const { host } = new URL(server.url);
  let done = 0;
  const work = async () => {
    await signIn(pool, host);
    done += 1;
    if (done % (signIns / 10) === 0) progress(`${done} sign-ins; ${standstills(await server.loop())}`);
  };
  const result = await Promise.race([
    load(CONNECTIONS, new Array<null>(signIns).fill(null), work),
    watch.frozen.then(() => null),
  ]);
  await watch.stop();
  await pool.destroy();
  const loop = result ? await server.loop() : FROZEN;
  await (result ? server.stop() : server.kill());
  return sectionOf({ signIns, done, perSecond: result?.perSecond ?? 0 }, loop, watch.longestMs);
}

function standstills({ stalls, machineStalls }: LoopWatch): string {
  return `${stalls} stalls, and ${machineStalls} times no processor for a second`;
}

function sectionOf(
  { signIns, done, perSecond }: { signIns: number; done: number; perSecond: number },
  { stalls, longestMs, machineStalls }: LoopWatch,
  longestAnswerMs: number,
): Section {
  const columns = ['sign-ins', 'per second', 'stalls above 1 s', 'longest standstill ms'];
  const ofMachine = ['times without a processor for 1 s', 'longest answer ms'];
  return {
    tables: [
      {
        title: 'Sign-ins in one process that collects garbage all the time',
        columns: [...columns, ...ofMachine],
        rows: [
          [done, Math.round(perSecond), stalls, round(longestMs), machineStalls, round(longestAnswerMs)],
        ],
      },
    ],
    bars: [
      { name: 'soak: sign-ins', measured: done, unit: '', least: signIns },
      { name: 'soak: stalls above 1 s', measured: stalls, unit: '', most: 0 },
    ],
  };
}

/** Asks a server for its health all the time, over a connection of its own. */
class AnswerWatch {
  longestMs = 0;
  /** Settles when the server has not answered for {@link FROZEN_MS}. */
  readonly frozen: Promise<void>;
  private readonly stopped = new AbortController();
  private readonly watching: Promise<void>;

  constructor(private readonly url: string) {
    let tellFrozen = () => {};
    this.frozen = new Promise((resolve) => (tellFrozen = resolve));
    this.watching = this.watch(tellFrozen);
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    await this.watching;
  }

  private async watch(tellFrozen: () => void): Promise<void> {
    const pool = new Pool(this.url, { connections: 1 });
    while (!this.stopped.signal.aborted) {
      const startedAt = performance.now();
      const request = { path: '/health', method: 'GET', signal: AbortSignal.timeout(FROZEN_MS) } as const;
      const answered = await pool.request(request).then(
        async ({ body }) => body.dump().then(() => true),
        () => false,
      );
      const tookMs = performance.now() - startedAt;
      this.longestMs = Math.max(this.longestMs, tookMs);
      if (!answered) tellFrozen();
      await sleep(PROBE_EVERY_MS);
    }
    await pool.destroy();
  }
}
