import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Host } from '../../lab/host';

/** Which datagrams of the other side arrived: its number, and the Unix time in milliseconds. */
export type Arrivals = readonly (readonly [sequence: number, atMs: number])[];

export interface TrafficReport {
  /** Datagrams that did not arrive though a later one did, of one side's and the other's. */
  readonly lost: readonly [number, number];
  /** The longest time in which one side received nothing, between its first and its last datagram. */
  readonly outageMs: number;
  readonly arrivals: readonly [Arrivals, Arrivals];
}

const DRAIN_MS = 150;

/** A game between two hosts: both send numbered datagrams to each other's virtual address at a fixed rate. */
export class GameTraffic {
  private constructor(private readonly children: readonly [ChildProcess, ChildProcess]) {}

  static between(one: Host, other: Host): GameTraffic {
    const spawn = (host: Host) =>
      host.spawn([process.execPath, join(__dirname, 'game-traffic.mjs')], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
    return new GameTraffic([spawn(one), spawn(other)]);
  }

  /** @param addresses the virtual addresses of the two hosts, which must be up */
  async start(addresses: readonly [string, string], packetsPerSecond: number): Promise<void> {
    const intervalMs = 1_000 / packetsPerSecond;
    await Promise.all(
      this.children.map(async (child, side) => {
        const [ownAddress, peerAddress] = side === 0 ? addresses : [addresses[1], addresses[0]];
        const started = once(child, 'message');
        child.send({ start: { ownAddress, peerAddress, intervalMs } });
        await started;
      }),
    );
  }

  /** Ends it, after what is on the way has arrived. */
  async stop(): Promise<TrafficReport> {
    await delay(DRAIN_MS);
    const [one, other] = await Promise.all(this.children.map(stopOne));
    return report(one ?? [], other ?? []);
  }

  close(): void {
    for (const child of this.children) if (child.connected) child.disconnect();
  }
}

async function stopOne(child: ChildProcess): Promise<Arrivals> {
  const stopped = once(child, 'message') as Promise<[{ received: Arrivals }]>;
  child.send({ stop: true });
  const [{ received }] = await stopped;
  return received;
}

function report(one: Arrivals, other: Arrivals): TrafficReport {
  return {
    lost: [lostOf(other), lostOf(one)],
    outageMs: Math.max(outageOf(one), outageOf(other)),
    arrivals: [one, other],
  };
}

/** From the first that arrived on: before, there was no connection. */
function lostOf(arrivals: Arrivals): number {
  const sequences = new Set(arrivals.map(([sequence]) => sequence));
  if (sequences.size === 0) return 0;
  return Math.max(...sequences) - Math.min(...sequences) + 1 - sequences.size;
}

function outageOf(arrivals: Arrivals): number {
  const gaps = arrivals.slice(1).map(([, atMs], index) => atMs - (arrivals[index]?.[1] ?? atMs));
  return Math.max(0, ...gaps);
}
