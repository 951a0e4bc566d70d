/** Whether which way a packet takes depends on who sent it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** `32765:	from 192.0.2.7 lookup 100`, but not `from all` */
const sourceRule = /^\d+:\s+(?:not )?from (?!all\b)(\S+)/;

/**
 * @param listing what `ip rule show` prints
 * @returns the first source that has rules of its own; undefined without any
 */
export function sourceWithRules(listing: string): string | undefined {
  for (const line of listing.split('\n')) {
    const source = sourceRule.exec(line)?.[1];
    if (source) return source;
  }
  return undefined;
}

/** Where iproute2 is missing nobody has made any. */
export async function listRules(isIpv6: boolean): Promise<string> {
  try {
    return (await promisify(execFile)('ip', [isIpv6 ? '-6' : '-4', 'rule', 'show'])).stdout;
  } catch {
    return '';
  }
}
