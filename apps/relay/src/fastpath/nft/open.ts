import type { ForwarderOptions } from '../forwarder';
import { NftForwarder } from './nft-forwarder';
import { Ruleset } from './ruleset';
import { NftSession } from './session';

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
