/**
 * What user space and the kernel's program have in common: the elements of the map of flows.
 *
 * |       | IPv4    | IPv6    |                                                                     |
 * |-------|---------|---------|---------------------------------------------------------------------|
 * | key   | 0–3     | 0–15    | source address, as all of the key in network order, as on the wire  |
 * |       | 4–7     | 16–19   | receiver index, as on the wire                                      |
 * |       | 8–11    | 20–23   | source port and the relay's port                                    |
 * | value | 0–7     | 0–31    | new source, which was the destination, and new destination address  |
 * |       | 8–11    | 32–35   | new source and destination port                                     |
 * |       | 12–15   | 36–39   | what changes the sum over the IP header                             |
 * |       | 16–19   | 40–43   | what the addresses change of UDP's checksum                         |
 * |       | 20–23   | 44–47   | what the ports change of it                                         |
 * |       | 24–31   | 48–55   | packets, counted by the kernel                                      |
 * |       | 32–39   | 56–63   | bytes of UDP payload, the same                                      |
 *
 * Changes of checksums are sums in one's complement of 16-bit numbers (RFC 1624), as the kernel keeps them: in the
 * processor's byte order, which is little-endian here.
 */
import { parseIpAddress } from '#shared/ip-address';
import { type Counted, type Flow, keyOf } from '../flow';

export interface Layout {
  readonly addressBytes: 4 | 16;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly key: { readonly address: 0; readonly index: number; readonly ports: number };
  readonly value: {
    /** Where the new addresses and ports are, which have this order and no gaps in a packet, too. */
    readonly rewritten: 0;
    readonly rewrittenBytes: number;
    readonly headerChange: number;
    readonly addressChange: number;
    readonly portChange: number;
    readonly packets: number;
    readonly bytes: number;
  };
}

export const layouts = { ipv4: layoutOf(4), ipv6: layoutOf(16) } as const;

/** Takes one away from the time to live, the first byte of its 16-bit number. */
const oneHopLess = 0xffff - 1;

function layoutOf(addressBytes: 4 | 16): Layout {
  const rewrittenBytes = 2 * addressBytes + 4;
  const changes = rewrittenBytes;
  return {
    addressBytes,
    keyBytes: addressBytes + 8,
    valueBytes: changes + 28,
    key: { address: 0, index: addressBytes, ports: addressBytes + 4 },
    value: {
      rewritten: 0,
      rewrittenBytes,
      headerChange: changes,
      addressChange: changes + 4,
      portChange: changes + 8,
      packets: changes + 12,
      bytes: changes + 20,
    },
  };
}

export function writeKey({ from, index, port }: Flow, { key }: Layout, into: Buffer): void {
  into.set(bytesOf(from.address), key.address);
  into.writeInt32LE(index, key.index);
  into.writeUInt16BE(from.port, key.ports);
  into.writeUInt16BE(port, key.ports + 2);
}

export function writeValue({ from, local, port, to }: Flow, layout: Layout, into: Buffer): void {
  const { addressBytes, value } = layout;
  const [former, later] = [bytesOf(from.address), bytesOf(to.address)];
  into.fill(0, 0, layout.valueBytes);
  into.set(bytesOf(local), value.rewritten);
  into.set(later, value.rewritten + addressBytes);
  into.writeUInt16BE(port, value.rewritten + 2 * addressBytes);
  into.writeUInt16BE(to.port, value.rewritten + 2 * addressBytes + 2);
  // The relay's own address and port are there before and afterwards, and change no sum.
  const addressChange = change(former, later);
  into.writeUInt32LE(addressChange + oneHopLess, value.headerChange);
  into.writeUInt32LE(addressChange, value.addressChange);
  into.writeUInt32LE(change(portBytes(from.port), portBytes(to.port)), value.portChange);
}

/** @returns what {@link keyOf} gives for the flow */
export function readKey(from: Buffer, { key }: Layout): number {
  return keyOf({ port: from.readUInt16BE(key.ports + 2), index: from.readInt32LE(key.index) });
}

export function readCounts(from: Buffer, { value }: Layout): Counted {
  return {
    packets: Number(from.readBigUInt64LE(value.packets)),
    bytes: Number(from.readBigUInt64LE(value.bytes)),
  };
}

function change(former: Uint8Array, later: Uint8Array): number {
  return sum(later) + sum(former.map((byte) => ~byte));
}

function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte, place) => total + (place % 2 === 0 ? byte : byte << 8), 0);
}

function portBytes(port: number): Uint8Array {
  return Uint8Array.of(port >> 8, port);
}

/** @throws RangeError for what is no address */
function bytesOf(address: string): Uint8Array {
  const bytes = parseIpAddress(address);
  if (!bytes) throw new RangeError(`not an IP address: ${address}`);
  return bytes;
}
