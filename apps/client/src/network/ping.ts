import { runCommand } from './command';

/** At a time: each is a process. */
const MOST_PINGS = 4;
/** Who does not answer is not pinged again before. */
const REST_MS = 10_000;

/** ICMP echo for peers whose agent answers no echo: a few at a time, in the order of asking, and not for ever in vain. */
export class Pings {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  /** When the address last did not answer, Unix time. */
  private readonly silentAtMs = new Map<string, number>();

  /** @param ping milliseconds; null without an answer */
  constructor(private readonly ping: (address: string) => Promise<number | null>) {}

  /** @returns milliseconds; null without an answer now, or in the last 10 s */
  async measure(address: string): Promise<number | null> {
    if (this.isResting(address)) return null;
    await this.turn();
    try {
      const latencyMs = await this.ping(address);
      if (latencyMs === null) this.silentAtMs.set(address, Date.now());
      return latencyMs;
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }

  private isResting(address: string): boolean {
    const nowMs = Date.now();
    for (const [silent, atMs] of this.silentAtMs) if (nowMs - atMs >= REST_MS) this.silentAtMs.delete(silent);
    return this.silentAtMs.has(address);
  }

  private async turn(): Promise<void> {
    if (this.running < MOST_PINGS) this.running++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

/**
 * ICMP echo by the system's `ping`, which has the rights for it; it leaves and comes back by this interface, whatever the
 * routes say.
 * @returns milliseconds; null without an answer in 1 s
 */
export async function ping(address: string, interfaceName: string): Promise<number | null> {
  const run = runCommand('ping', ['-n', '-c', '1', '-W', '1', '-I', interfaceName, address]);
  // A machine without the tool is one on which ICMP does not work.
  const { stdout } = await run.catch(() => ({ stdout: '' }));
  return parsePingTime(stdout);
}

/** The time in the first answer; `time` itself is translated on some systems. */
export function parsePingTime(output: string): number | null {
  const time = /[=<]\s?(\d+(?:\.\d+)?) ?ms/.exec(output)?.[1];
  return time === undefined ? null : Number(time);
}
