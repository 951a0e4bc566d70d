/** The default gateway in Linux' routing table, /proc/net/route. Pure. */
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
  const [best] = table
    .split('\n')
    .map((line) => line.split(/\s+/))
    .filter(([, destination, , flags, , , , mask]) => isDefault(destination, mask, flags))
    .toSorted((one, other) => Number(one[6]) - Number(other[6]));
  const gateway = best?.[2];
  if (!gateway || !/^[\da-f]{8}$/i.test(gateway)) return null;
  const bytes = Buffer.from(gateway, 'hex');
  return formatIpAddress(isLittleEndian ? bytes.reverse() : bytes);
}

function isDefault(destination?: string, mask?: string, flags = ''): boolean {
  const isEverything = destination === '00000000' && mask === '00000000';
  return isEverything && (Number.parseInt(flags, 16) & upViaGateway) === upViaGateway;
}
