import type { ForwarderOptions } from '../forwarder';
import { droppingChain, listChains } from './firewall';
import { NftForwarder } from './nft-forwarder';
import { Ruleset } from './ruleset';
import { NftSession } from './session';

/**
 * Where nobody has asked for nftables: a firewall that drops would cost the first game a second before it is noticed.
 * @returns why it cannot be had, otherwise
 */
export async function openNftUnlessFirewalled(options: ForwarderOptions): Promise<NftForwarder | string> {
  const session = new NftSession();
  const listing: string[] = [];
  try {
    await session.list(listChains, (line) => listing.push(line));
  } catch {
    // Then it cannot be had anyway, and says why.
  } finally {
    await session.close();
  }
  const chain = droppingChain(listing, options.local.includes(':') ? 'ip6' : 'ip');
  if (!chain) return openNft(options);
  return `${chain} drops forwarded packets by default; if it accepts the players', set LANRAGE_RELAY_FAST_PATH=nftables`;
}

/** @returns why it cannot be had, otherwise */
export async function openNft(options: ForwarderOptions): Promise<NftForwarder | string> {
  const ruleset = new Ruleset(options);
  const session = new NftSession();
  try {
    await session.run(ruleset.create());
    return new NftForwarder(session, ruleset);
  } catch (error) {
    await session.close();
    return `needs nft and CAP_NET_ADMIN: ${(error as Error).message}`;
  }
}
