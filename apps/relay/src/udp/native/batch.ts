/**
 * Datagrams that are received together and turned around in place: the header that says where one came from, and where
 * its bytes are, is the header that says where it goes. `struct mmsghdr`, `msghdr` and `iovec` of Linux on 64-bit
 * processors:
 *
 * | mmsghdr | name | name length | iovec | count | control | its length | flags | length of the message |
 * |---------|------|-------------|-------|-------|---------|------------|-------|-----------------------|
 * | 64 bytes| 0–7  | 8–11        | 16–23 | 24–31 | 32–39   | 40–47      | 48–51 | 56–59                 |
 */
import type { SocketAddress } from '#shared/endpoint';
import { SocketAddresses, socketAddressBytes } from './socket-address';
import type { System } from './system';

/** So many datagrams at once; more of one port wait until the other ports had their turn. */
export const batchSize = 64;
const headerBytes = 64;
const nameBytes = 32;
const iovecBytes = 16;
/** The longest datagram, and an odd number of cache lines, so that not all of them compete for the same places. */
const slotBytes = 65_536 + 64 * 37;

const wordBytes = 4;
const headerWords = headerBytes / wordBytes;
const nameLengthWord = 8 / wordBytes;
const lengthWord = 56 / wordBytes;
const iovecWords = iovecBytes / wordBytes;
const iovecLengthWord = 8 / wordBytes;

export class Batch {
  /** The headers from the given one on. */
  readonly headersFrom: readonly Buffer[];
  readonly #headers = Buffer.alloc(batchSize * headerBytes);
  readonly #names = Buffer.alloc(batchSize * nameBytes);
  readonly #iovecs = Buffer.alloc(batchSize * iovecBytes);
  /** Becomes memory where it is written to. */
  readonly #slots = Buffer.from(new ArrayBuffer(batchSize * slotBytes));
  readonly #headerWords = wordsOf(this.#headers);
  readonly #iovecWords = wordsOf(this.#iovecs);
  /** What was last in each slot: making a Buffer takes longer than most of what is done to it. */
  readonly #datagrams: Buffer[];
  readonly #addresses: SocketAddresses;

  constructor(system: System, addresses: SocketAddresses) {
    this.#addresses = addresses;
    const places = Array.from({ length: batchSize }, (_, place) => place);
    this.headersFrom = places.map((place) => this.#headers.subarray(place * headerBytes));
    this.#datagrams = places.map((place) => this.#slots.subarray(place * slotBytes, place * slotBytes));
    const [names, iovecs, slots] = [this.#names, this.#iovecs, this.#slots].map(system.addressOf) as [
      bigint,
      bigint,
      bigint,
    ];
    for (const place of places) {
      const header = this.#headers.subarray(place * headerBytes);
      header.writeBigUInt64LE(names + BigInt(place * nameBytes), 0);
      header.writeBigUInt64LE(iovecs + BigInt(place * iovecBytes), 16);
      header.writeBigUInt64LE(1n, 24);
      this.#iovecs.writeBigUInt64LE(slots + BigInt(place * slotBytes), place * iovecBytes);
    }
    this.clear(batchSize);
  }

  /** Makes room where there were so many datagrams. */
  clear(count: number): void {
    for (let place = 0; place < count; place++) {
      this.#headerWords[place * headerWords + nameLengthWord] = socketAddressBytes.ipv6;
      this.#iovecWords[place * iovecWords + iovecLengthWord] = slotBytes;
    }
  }

  datagram(place: number): Buffer {
    const length = this.#headerWords[place * headerWords + lengthWord] ?? 0;
    const former = this.#datagrams[place];
    if (former?.length === length) return former;
    const start = place * slotBytes;
    return (this.#datagrams[place] = this.#slots.subarray(start, start + length));
  }

  source(place: number): SocketAddress {
    return this.#addresses.read(this.#names, place * nameBytes);
  }

  /** Addresses a datagram that was received. */
  turn(place: number, to: SocketAddress): void {
    const nameLength = this.#addresses.write(to, this.#names, place * nameBytes);
    this.#headerWords[place * headerWords + nameLengthWord] = nameLength;
    this.#iovecWords[place * iovecWords + iovecLengthWord] =
      this.#headerWords[place * headerWords + lengthWord] ?? 0;
  }
}

function wordsOf({ buffer, byteOffset, length }: Buffer): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length / wordBytes);
}
