import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { PORT_CONTROL_PORT } from './nat-pmp';
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
  const ownAddress = address && (await ownAddressTowards(address));
  return ownAddress ? { address, ownAddress } : null;
}

/** Connecting a UDP socket sends nothing, but makes the kernel choose a source. */
function ownAddressTowards(address: string): Promise<string | null> {
  const socket = createSocket('udp4');
  return new Promise<string | null>((resolve) => {
    socket.once('connect', () => resolve(socket.address().address));
    socket.on('error', () => resolve(null));
    socket.connect(PORT_CONTROL_PORT, address);
  }).finally(() => socket.close());
}
