import { runCommand } from './command';

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
