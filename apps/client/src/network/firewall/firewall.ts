import { LanrageError } from '#shared/errors';
import { runCommand } from '../command';
import { tableOf } from '../guard/ruleset';
import { judge, type FirewallVerdict, type TunnelPacket } from './evaluation';
import { iptablesTables } from './iptables-rules';
import { nftTables } from './nft-rules';

/** The rules of this machine's firewalls, as their tools print them; null without the tool, or the right to read them. */
export interface FirewallReading {
  readonly nft: unknown;
  readonly iptables: string | null;
}

/** Reads the rules of all firewalls once. Never fails. */
export async function readFirewall(): Promise<FirewallReading> {
  const [nft, iptables] = await Promise.all([
    outputOf('nft', ['-j', 'list', 'ruleset']),
    outputOf('iptables-save', []),
  ]);
  return { nft: nft === null ? null : parseJson(nft), iptables };
}

/** What they do to a packet, the agent's own guard apart: that is a matter of LANRAGE_EXPOSE. Pure. */
export function firewallVerdict({ nft, iptables }: FirewallReading, packet: TunnelPacket): FirewallVerdict {
  const guard = tableOf(packet.interfaceName);
  const options = { without: (table: string) => table === guard, iptablesKnown: iptables !== null };
  const ofNft = nftTables(nft, packet, options);
  const ofIptables = iptables === null ? [] : iptablesTables(iptables, packet);
  const verdict = judge([...(ofNft ?? []), ...ofIptables]);
  return ofNft === undefined && verdict.state === 'open' ? { state: 'unknown', by: null } : verdict;
}

async function outputOf(tool: string, args: readonly string[]): Promise<string | null> {
  try {
    const { code, stdout } = await runCommand(tool, args);
    return code === 0 ? stdout : null;
  } catch (error) {
    if (error instanceof LanrageError) return null;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
