/**
 * Half a million sign-ins in one process under constant garbage collection, watched from outside for stalls: a native
 * deadlock in the runtime stops a process that by its own account is well.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { signIn } from '../bench/support/agents';
import { ControlServer } from '../bench/support/control-server';
import { load } from '../bench/support/load';
import { progress, round } from '../bench/support/report';
import type { Section } from '../bench/support/sections';

const SIGN_INS = 500_000;
const QUICK_SIGN_INS = 10_000;
const CONNECTIONS = 32;
const PROBE_EVERY_MS = 100;
const STALL_MS = 1000;
/** After so long without an answer the process counts as frozen, and the soak ends. */
const FROZEN_MS = 30_000;

const unlimited = { LANRAGE_LIMIT_REQUESTS: '0', LANRAGE_LIMIT_SIGN_INS: '0' };

export async function soak({ quick }: { quick: boolean }): Promise<Section> {
  const signIns = quick ? QUICK_SIGN_INS : SIGN_INS;
  const server = await ControlServer.start(unlimited);
  server.pressOnMemory();
  const pool = new Pool(server.url, { connections: CONNECTIONS });
  const watch = new StallWatch(server.url);
  const { host } = new URL(server.url);
  let done = 0;
  const work = async () => {
    await signIn(pool, host);
    done += 1;
    if (done % (signIns / 10) === 0) progress(`${done} sign-ins, ${watch.stalls} stalls`);
  };
  const result = await Promise.race([
    load(CONNECTIONS, new Array<null>(signIns).fill(null), work),
    watch.frozen.then(() => null),
  ]);
  await watch.stop();
  await pool.destroy();
  await (result ? server.stop() : server.kill());
  return sectionOf(signIns, done, watch, result?.perSecond ?? 0);
}

function sectionOf(signIns: number, done: number, watch: StallWatch, perSecond: number): Section {
  return {
    tables: [
      {
        title: 'Sign-ins in one process that collects garbage all the time',
        columns: ['sign-ins', 'per second', 'stalls above 1 s', 'longest answer ms'],
        rows: [[done, Math.round(perSecond), watch.stalls, round(watch.longestMs)]],
      },
    ],
    bars: [
      { name: 'soak: sign-ins', measured: done, unit: '', least: signIns },
      { name: 'soak: stalls above 1 s', measured: watch.stalls, unit: '', most: 0 },
    ],
  };
}

/** Asks a server for its health all the time, over a connection of its own. */
class StallWatch {
  stalls = 0;
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
      if (tookMs > STALL_MS || !answered) this.stalls += 1;
      if (!answered) tellFrozen();
      await sleep(PROBE_EVERY_MS);
    }
    await pool.destroy();
  }
}
