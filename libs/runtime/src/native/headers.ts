/**
 * Arrays of `struct mmsghdr`, with the addresses that they point to, as Linux has them on 64-bit processors:
 *
 * | mmsghdr  | name | its length | iovec | count | control | its length | flags | length of the message |
 * |----------|------|------------|-------|-------|---------|------------|-------|-----------------------|
 * | 64 bytes | 0–7  | 8–11       | 16–23 | 24–31 | 32–39   | 40–47      | 48–51 | 56–59                 |
 *
 * An `iovec` has the address of a part in its bytes 0–7, the length in 8–15.
 */
import type { System } from './system';

/** So many datagrams at once; more of one port wait until the other ports had their turn. */
export const batchSize = 64;
export const places: readonly number[] = Array.from({ length: batchSize }, (_, place) => place);

const headerBytes = 64;
const iovecBytes = 16;
/** Room for an address of either family, and a little more for whole cache lines. */
export const nameBytes = 32;

/** Each header with the name at its place, and with no parts yet. */
export class Headers {
  readonly names = Buffer.alloc(batchSize * nameBytes);
  /** The headers from each place on, as the system calls take them. */
  readonly from: readonly Buffer[];
  readonly #words32: Uint32Array;
  readonly #words64: BigUint64Array;

  constructor(system: System) {
    const memory = new ArrayBuffer(batchSize * headerBytes);
    this.#words32 = new Uint32Array(memory);
    this.#words64 = new BigUint64Array(memory);
    this.from = places.map((place) => Buffer.from(memory, place * headerBytes));
    const names = system.addressOf(this.names);
    for (const place of places) this.#words64[place * 8] = names + BigInt(place * nameBytes);
  }

  setNameLength(place: number, bytes: number): void {
    this.#words32[place * 16 + 2] = bytes;
  }

  /** @param first address of the first of the parts */
  setParts(place: number, first: bigint, count: number): void {
    this.#words64[place * 8 + 2] = first;
    this.#words32[place * 16 + 6] = count;
  }

  setControl(place: number, address: bigint, bytes: number): void {
    this.#words64[place * 8 + 4] = address;
    this.setControlLength(place, bytes);
  }

  setControlLength(place: number, bytes: number): void {
    this.#words32[place * 16 + 10] = bytes;
  }

  controlLength(place: number): number {
    return this.#words32[place * 16 + 10] ?? 0;
  }

  messageLength(place: number): number {
    return this.#words32[place * 16 + 14] ?? 0;
  }
}

/** One part of a message at each place. */
export class Parts {
  /** Where the part of each place is described. */
  readonly addresses: readonly bigint[];
  readonly #words32: Uint32Array;

  /** @param starts where the part of each place begins */
  constructor(system: System, starts: readonly bigint[]) {
    const memory = new ArrayBuffer(batchSize * iovecBytes);
    new BigUint64Array(memory).set(starts.flatMap((start) => [start, 0n]));
    this.#words32 = new Uint32Array(memory);
    const first = system.addressOf(new Uint8Array(memory));
    this.addresses = places.map((place) => first + BigInt(place * iovecBytes));
  }

  setLength(place: number, bytes: number): void {
    this.#words32[place * 4 + 2] = bytes;
  }
}
