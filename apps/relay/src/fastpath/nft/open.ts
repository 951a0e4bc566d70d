import type { ForwarderOptions } from '../forwarder';
import { droppingChain, listChains } from './firewall';
import { NftForwarder } from './nft-forwarder';
import { listRules, sourceWithRules } from './policy';
import { Ruleset } from './ruleset';
import { NftProcess } from './nft-process';

/**
 * Where nobody has asked for nftables: a firewall that drops would cost the first game a second before it is noticed.
 * @returns why it cannot be had, otherwise
 */
export async function openNftUnlessFirewalled(options: ForwarderOptions): Promise<NftForwarder | string> {
  const session = new NftProcess();
  const listing: string[] = [];
  try {
    await session.list(listChains, (line) => listing.push(line));
  } catch {
    // Then it cannot be had anyway, and says why.
  } finally {
    await session.close();
  }
  const chain = droppingChain(listing, options.isIpv6 ? 'ip6' : 'ip');
  if (!chain) return openNft(options);
  return `${chain} drops forwarded packets by default; if it accepts the players', set LANRAGE_RELAY_FAST_PATH=nftables`;
}

/** @returns why it cannot be had, otherwise */
export async function openNft(options: ForwarderOptions): Promise<NftForwarder | string> {
  const source = sourceWithRules(await listRules(options.isIpv6));
  if (source)
    return `routes a packet while it still has the player's address, but ip rule has rules for ${source}`;
  const session = new NftProcess();
  // Which address players send to is not known before they do.
  const trial = new Ruleset({ local: options.isIpv6 ? '::' : '0.0.0.0', ports: options.ports });
  try {
    await session.run(trial.create());
    await session.run(trial.remove());
    return new NftForwarder(session, options.ports);
  } catch (error) {
    await session.close();
    return `needs nft and CAP_NET_ADMIN: ${(error as Error).message}`;
  }
}
