/** Reads the fields of a datagram one after the other. Pure. */

/** What was asked for lies beyond the end. */
export class TooShortError extends Error {}

const encodings = { utf8: new TextDecoder('utf-8'), latin1: new TextDecoder('latin1') } as const;

export class Fields {
  #at: number;

  constructor(
    private readonly datagram: Buffer,
    at = 0,
  ) {
    this.#at = at;
  }

  get rest(): Buffer {
    return this.datagram.subarray(this.#at);
  }

  skip(count: number): this {
    this.#take(count);
    return this;
  }

  byte(): number {
    return this.#take(1).readUInt8();
  }

  uint16(order: 'big' | 'little'): number {
    const field = this.#take(2);
    return order === 'big' ? field.readUInt16BE() : field.readUInt16LE();
  }

  uint32(order: 'big' | 'little'): number {
    const field = this.#take(4);
    return order === 'big' ? field.readUInt32BE() : field.readUInt32LE();
  }

  bytes(count: number): Buffer {
    return this.#take(count);
  }

  /** A number as the engine of Cube writes it: a byte, or one that says that two or four follow, the lowest first. */
  cubeInt(): number {
    const byte = this.#take(1).readInt8();
    if (byte === -128) return this.#take(2).readInt16LE();
    return byte === -127 ? this.#take(4).readInt32LE() : byte;
  }

  /** Up to a zero byte, which is read as well. */
  string(encoding: keyof typeof encodings = 'utf8'): string {
    const end = this.datagram.indexOf(0, this.#at);
    if (end < 0) throw new TooShortError();
    const text = encodings[encoding].decode(this.datagram.subarray(this.#at, end));
    this.#at = end + 1;
    return text;
  }

  /** So many of them, one after the other. */
  strings(count: number): string[] {
    return Array.from({ length: count }, () => this.string());
  }

  /** A string with its length before it: seven bits a byte, the lowest first, and a bit that says whether more follow. */
  countedString(): string {
    let length = 0;
    for (let shift = 0; shift < 21; shift += 7) {
      const byte = this.byte();
      length += (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return encodings.utf8.decode(this.#take(length));
  }

  #take(count: number): Buffer {
    if (this.#at + count > this.datagram.length) throw new TooShortError();
    this.#at += count;
    return this.datagram.subarray(this.#at - count, this.#at);
  }
}
