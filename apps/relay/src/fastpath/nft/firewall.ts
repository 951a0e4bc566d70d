/** Whether a firewall is likely to drop what is forwarded. */

export const listChains = 'list chains';

/**
 * @param listing the lines of nft's answer to {@link listChains}
 * @returns the first chain that drops forwarded packets unless one of its rules accepts them; undefined without one
 */
export function droppingChain(listing: readonly string[], family: 'ip' | 'ip6'): string | undefined {
  let [isAsked, table, chain] = [false, '', ''];
  for (const line of listing) {
    const opening = /^\s*(table (\S+) \S+|chain \S+) \{/.exec(line);
    if (opening?.[2]) [isAsked, table] = [[family, 'inet'].includes(opening[2]), opening[1] ?? ''];
    else if (opening?.[1]) chain = opening[1];
    else if (isAsked && /hook forward .*policy drop/.test(line)) return `${table} ${chain}`;
  }
  return undefined;
}
