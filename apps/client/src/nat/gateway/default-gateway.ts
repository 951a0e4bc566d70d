import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { sourceTowards } from '#runtime/own-address';
import { defaultGatewayOf } from './routes';

export interface Gateway {
  /** IPv4. */
  readonly address: string;
  /** IPv4 address of this machine that the gateway sees. */
  readonly ownAddress: string;
}

const ROUTING_TABLE = '/proc/net/route';

/** The default gateway; null without one, and where there is no Linux to tell. */
export async function findGateway(): Promise<Gateway | null> {
  const table = await readFile(ROUTING_TABLE, 'latin1').catch(() => '');
  const address = defaultGatewayOf(table, endianness() === 'LE');
  const ownAddress = address && (await sourceTowards(address));
  return ownAddress ? { address, ownAddress } : null;
}
