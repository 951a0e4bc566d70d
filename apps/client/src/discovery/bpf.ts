/** Programs in classic BPF (bpf(4) of BSD, linux/filter.h), by which the kernel chooses packets for a socket. Pure. */

/** Where the kernel's own facts about a packet are (SKF_AD_OFF and others). */
export const ancillary = {
  protocol: 0xffff_f000,
  packetType: 0xffff_f004,
  interfaceIndex: 0xffff_f008,
} as const;

/** Into the accumulator, but for `headerBytesToX`: the length of an IP header. A reading beyond the end drops the packet. */
export const load = {
  word: 0x20,
  half: 0x28,
  byte: 0x30,
  length: 0x80,
  headerBytesToX: 0xb1,
  wordBehindX: 0x40,
  halfBehindX: 0x48,
  byteBehindX: 0x50,
} as const;
export const jump = {
  ifEqual: 0x15,
  ifGreater: 0x25,
  ifAtLeast: 0x35,
  ifAnyBit: 0x45,
} as const;
const RETURN = 0x06;
const WHOLE_PACKET = 0xffff;
export const INSTRUCTION_BYTES = 8;

interface Instruction {
  readonly code: number;
  readonly operand: number;
  /** Labels; absent: the next instruction. */
  readonly yes?: string | undefined;
  readonly no?: string | undefined;
}

/** Instructions, and names for places among them. */
export class FilterProgram {
  readonly #instructions: Instruction[] = [];
  readonly #labels = new Map<string, number[]>();

  add(code: number, operand: number, yes?: string, no?: string): void {
    this.#instructions.push({ code, operand, yes, no });
  }

  /** Names the next instruction; a jump leads to the next one of the name. */
  label(name: string): void {
    const places = this.#labels.get(name) ?? [];
    this.#labels.set(name, [...places, this.#instructions.length]);
  }

  /** Ends here without the packet, with the label `drop`, so that those who jump there need not jump far. */
  drop(): void {
    this.label('drop');
    this.add(RETURN, 0);
  }

  /**
   * Ends the program with the labels `take` and `drop`. Jumps lead forward only, and by 255 instructions at most, which is
   * what a byte holds.
   * @returns `struct sock_filter` after `struct sock_filter`, little-endian
   */
  assembled(): Buffer {
    this.label('take');
    this.add(RETURN, WHOLE_PACKET);
    this.drop();
    const bytes = Buffer.alloc(this.#instructions.length * INSTRUCTION_BYTES);
    this.#instructions.forEach(({ code, operand, yes, no }, place) => {
      const distance = (to: string | undefined) =>
        to === undefined ? 0 : (this.#labels.get(to)?.find((labelled) => labelled > place) ?? 0) - place - 1;
      const at = place * INSTRUCTION_BYTES;
      bytes.writeUInt16LE(code, at);
      bytes.writeUInt8(distance(yes), at + 2);
      bytes.writeUInt8(distance(no), at + 3);
      bytes.writeUInt32LE(operand, at + 4);
    });
    return bytes;
  }
}
