/**
 * Which local address a datagram was sent to, and from which one another shall leave: control messages of Linux on 64-bit
 * little-endian processors, as ip(7) and ipv6(7) describe them. Behind the header, `struct cmsghdr`:
 *
 * |      | length | level  | type   | contents                                      | bytes     |
 * |------|--------|--------|--------|-----------------------------------------------|-----------|
 * | IPv4 | 0–7    | 8–11: 0  | 12–15: 8  | device 16–19, local address 20–23, that of the header 24–27 | 28 of 32 |
 * | IPv6 | 0–7    | 8–11: 41 | 12–15: 50 | address 16–31, device 32–35                       | 36 of 40 |
 *
 * Sending, no device is named but for a link-local address, which means something on its link alone: the way is the routing
 * table's business.
 */
import { ipv4Number, type SocketAddresses } from './socket-address';

/** Levels, and the options of sockets that ask for such messages. */
export const packetInfoOptions = {
  ipv4: { level: 0, option: 8 },
  ipv6: { level: 41, option: 49 },
} as const;
/** With what fills them up; room for either. */
export const packetInfoBytes = { ipv4: 32, ipv6: 40 } as const;

const lengths = { ipv4: 28, ipv6: 36 } as const;
const levels = { ipv4: 0, ipv6: 41 } as const;
const types = { ipv4: 8, ipv6: 50 } as const;
const contents = 16;
const ipv4Local = contents + 4;
const ipv6Device = contents + 16;

export class PacketInfos {
  readonly #addresses: SocketAddresses;

  constructor(addresses: SocketAddresses) {
    this.#addresses = addresses;
  }

  /** @param length of what the system wrote @returns undefined for anything else */
  read(from: Buffer, offset: number, length: number): string | undefined {
    if (length < lengths.ipv4) return undefined;
    const kind = from.readUInt32LE(offset + 8) === levels.ipv4 ? 'ipv4' : 'ipv6';
    if (length < lengths[kind] || from.readUInt32LE(offset + 12) !== types[kind]) return undefined;
    if (kind === 'ipv4') return this.#addresses.ipv4Text(from, offset + ipv4Local);
    if (!isLinkLocal(from, offset + contents)) from.writeUInt32LE(0, offset + ipv6Device);
    return this.#addresses.ipv6Text(from, offset + contents);
  }

  /** @returns its bytes, with what fills it up */
  write(local: string, to: Buffer, offset: number): number {
    const kind = local.includes(':') ? 'ipv6' : 'ipv4';
    to.fill(0, offset, offset + packetInfoBytes[kind]);
    to.writeUInt32LE(lengths[kind], offset);
    to.writeUInt32LE(levels[kind], offset + 8);
    to.writeUInt32LE(types[kind], offset + 12);
    if (kind === 'ipv4') to.writeUInt32BE(ipv4Number(local), offset + ipv4Local);
    else this.#addresses.ipv6BytesOf(local).copy(to, offset + contents);
    return packetInfoBytes[kind];
  }
}

/** RFC 4291 section 2.5.6: fe80::/10 */
function isLinkLocal(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0xfe && ((bytes[at + 1] ?? 0) & 0xc0) === 0x80;
}
