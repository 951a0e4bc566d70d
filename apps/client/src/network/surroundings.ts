import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { gatewaysOf } from '../nat/gateway/routes';
import type { Surroundings } from '../connection/vantage';
import { interfaceAddresses } from './interfaces';

const ROUTING_TABLE = '/proc/net/route';
/** How long it is taken for the same, so that many words of a server do not cost as many readings. */
const FRESH_MS = 1_000;

let known: (Surroundings & { readonly readAtMs: number }) | undefined;

/** What is around this machine just now. */
export function surroundings(): Surroundings {
  const nowMs = performance.now();
  if (!known || nowMs - known.readAtMs > FRESH_MS)
    known = { networks: interfaceAddresses(), gateways: gateways(), readAtMs: nowMs };
  return known;
}

/** IPv4; a gateway of IPv6 has a link-local address (RFC 4861 section 6.1.2), which no server is to name. */
function gateways(): readonly string[] {
  try {
    return gatewaysOf(readFileSync(ROUTING_TABLE, 'latin1'), endianness() === 'LE');
  } catch {
    return [];
  }
}
