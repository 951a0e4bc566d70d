/** What a datagram waits for the relay itself, in user space: at most as long as the turn takes that it is part of. */
import type { Generator } from './generator';
import { measuredFirst } from './relay-candidates';
import { play, RelayChild } from './relay-child';
import type { RelayLab } from './relay-lab';

export interface Turns {
  readonly perSecond: number;
  /** In a turn, in the mean. */
  readonly datagrams: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

const pairs = 8;
const durationMs = 1500;
const bytes = 128;

export async function measureTurns(lab: RelayLab, generator: Generator, perSecond: number): Promise<Turns> {
  const relay = await RelayChild.start(lab, 'user space', { prefix: measuredFirst, settings: ['timed'] });
  try {
    for (const [pair, port] of (await relay.open(pairs)).entries()) await play(lab, generator, pair, port);
    await generator.load({ perSecond, bytes, durationMs });
    await relay.turns();
    const { sent } = await generator.load({ perSecond, bytes, durationMs });
    const { count, p50Us, p99Us } = await relay.turns();
    return { perSecond: sent / (durationMs / 1000), datagrams: sent / count, p50Us, p99Us };
  } finally {
    await relay.stop();
    await generator.clear();
  }
}
