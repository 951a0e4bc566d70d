/** The gateways in Linux' routing table, /proc/net/route. Pure. */
import { formatIpAddress } from '#shared/ip-address';

/** RTF_UP and RTF_GATEWAY of linux/route.h. */
const upViaGateway = 0x3;

/**
 * The IPv4 address of the default gateway with the lowest metric; null without one.
 *
 * @param table lines of `Iface Destination Gateway Flags RefCnt Use Metric Mask …`, the addresses as hexadecimal numbers
 *   in the byte order of the machine
 */
export function defaultGatewayOf(table: string, isLittleEndian: boolean): string | null {
  const [best] = routesOf(table)
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
    .toSorted((one, other) => Number(one[6]) - Number(other[6]));
  return best ? addressOf(best, isLittleEndian) : null;
}

/** The IPv4 addresses of all gateways, in the order of the table, which is as for {@link defaultGatewayOf}. */
export function gatewaysOf(table: string, isLittleEndian: boolean): string[] {
  return [...new Set(routesOf(table).flatMap((route) => addressOf(route, isLittleEndian) ?? []))];
}

/** The columns of each route that is up and leads through a gateway. */
function routesOf(table: string): string[][] {
  return table
    .split('\n')
    .map((line) => line.split(/\s+/))
    .filter(([, , , flags = '']) => (Number.parseInt(flags, 16) & upViaGateway) === upViaGateway);
}

function addressOf([, , gateway]: readonly string[], isLittleEndian: boolean): string | null {
  if (!gateway || !/^[\da-f]{8}$/i.test(gateway)) return null;
  const bytes = Buffer.from(gateway, 'hex');
  return formatIpAddress(isLittleEndian ? bytes.reverse() : bytes);
}
