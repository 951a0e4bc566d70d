/**
 * `struct sockaddr_in` and `sockaddr_in6` of Linux on little-endian processors, in place:
 *
 * |      | family | port, big-endian | flow | address | zone  | bytes |
 * |------|--------|------------------|------|---------|-------|-------|
 * | IPv4 | 0–1: 2 | 2–3              |      | 4–7     |       | 16    |
 * | IPv6 | 0–1: 10| 2–3              | 4–7  | 8–23    | 24–27 | 28    |
 */
import type { SocketAddress } from '#shared/endpoint';
import { formatIpAddress, parseIpAddress } from '#shared/ip-address';
import type { PlayerAddress } from '../../core/verdict';

export const family = { ipv4: 2, ipv6: 10 } as const;
export const socketAddressBytes = { ipv4: 16, ipv6: 28 } as const;

/** Texts, and bytes, of so many IP addresses are kept at hand. */
const maxKnown = 4096;

/** Between the structures and {@link SocketAddress}; remembers what it has seen last. */
export class SocketAddresses {
  readonly #ipv4Texts = new Map<number, string>();
  readonly #ipv6Texts = new Map<string, string>();
  readonly #ipv6Bytes = new Map<string, Buffer>();

  /** @param asked what else is known of it */
  read(from: Buffer, offset: number, asked?: string): PlayerAddress {
    const isIpv4 = from.readUInt16LE(offset) === family.ipv4;
    const address = isIpv4 ? this.ipv4Text(from, offset + 4) : this.ipv6Text(from, offset + 8);
    return { address, port: from.readUInt16BE(offset + 2), asked };
  }

  /** @returns the length of the structure */
  write({ address, port }: SocketAddress, to: Buffer, offset: number): number {
    to.writeUInt16BE(port, offset + 2);
    if (!address.includes(':')) {
      to.writeUInt16LE(family.ipv4, offset);
      to.writeUInt32BE(ipv4Number(address), offset + 4);
      return socketAddressBytes.ipv4;
    }
    to.writeUInt16LE(family.ipv6, offset);
    to.writeUInt32LE(0, offset + 4);
    this.ipv6BytesOf(address).copy(to, offset + 8);
    return socketAddressBytes.ipv6;
  }

  /** @param at where the four bytes are */
  ipv4Text(from: Buffer, at: number): string {
    const bits = from.readUInt32BE(at);
    return (
      this.#ipv4Texts.get(bits) ?? remember(this.#ipv4Texts, bits, formatIpAddress(from.subarray(at, at + 4)))
    );
  }

  /** @param at where the address and its zone are */
  ipv6Text(from: Buffer, at: number): string {
    const key = from.toString('latin1', at, at + 20);
    return this.#ipv6Texts.get(key) ?? remember(this.#ipv6Texts, key, ipv6Text(from, at));
  }

  /** Address and zone, 20 bytes. */
  ipv6BytesOf(address: string): Buffer {
    return this.#ipv6Bytes.get(address) ?? remember(this.#ipv6Bytes, address, ipv6Bytes(address));
  }
}

function remember<Key, Value>(known: Map<Key, Value>, key: Key, value: Value): Value {
  if (known.size === maxKnown) known.clear();
  known.set(key, value);
  return value;
}

/** A link-local address means something with its zone alone (RFC 4007 section 11): the number of a device. */
function ipv6Text(from: Buffer, at: number): string {
  const text = formatIpAddress(from.subarray(at, at + 16));
  const zone = from.readUInt32LE(at + 16);
  return zone === 0 ? text : `${text}%${zone}`;
}

/** Address and zone, 20 bytes. */
function ipv6Bytes(address: string): Buffer {
  const [text = '', zone] = address.split('%');
  const bytes = Buffer.alloc(20);
  bytes.set(parseIpAddress(text) ?? []);
  bytes.writeUInt32LE(Number(zone ?? 0), 16);
  return bytes;
}

/** @param address four decimal numbers with dots between them @returns their 32 bits as a number */
export function ipv4Number(address: string): number {
  let [bits, byte] = [0, 0];
  for (let place = 0; place < address.length; place++) {
    const code = address.charCodeAt(place);
    if (code === dot) [bits, byte] = [bits * 256 + byte, 0];
    else byte = byte * 10 + code - zero;
  }
  return bits * 256 + byte;
}

const dot = 0x2e;
const zero = 0x30;
