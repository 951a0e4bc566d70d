/** Executes programs in classic BPF (apps/client/src/discovery/bpf.ts), as the kernel does. */
import { INSTRUCTION_BYTES } from '../apps/client/src/discovery/bpf';

/** What the kernel knows of a packet besides its bytes: by default an IPv4 packet that arrived by the interface 1. */
export interface PacketFacts {
  readonly etherType?: number;
  readonly packetType?: number;
  readonly interfaceIndex?: number;
}

/** Whether the program takes a packet, which begins with the IP header. */
export function isTaken(
  program: Buffer,
  packet: Buffer,
  { etherType = 0x0800, packetType = 0, interfaceIndex = 1 }: PacketFacts = {},
): boolean {
  const facts: Record<number, number> = { 0: etherType, 4: packetType, 8: interfaceIndex };
  let accumulator = 0;
  let index = 0;
  for (let at = 0; at < program.length; at += INSTRUCTION_BYTES) {
    const operand = program.readUInt32LE(at + 4);
    const code = program.readUInt16LE(at);
    const bytes = { 0x20: 4, 0x40: 4, 0x28: 2, 0x48: 2, 0x30: 1, 0x50: 1 }[code];
    if (bytes !== undefined) {
      const from = code >= 0x40 ? operand + index : operand;
      const fact = facts[from - 0xffff_f000];
      if (fact === undefined && from + bytes > packet.length) return false;
      accumulator = fact ?? packet.readUIntBE(from, bytes);
      continue;
    }
    const go = (condition: boolean) =>
      (at += program.readUInt8(at + (condition ? 2 : 3)) * INSTRUCTION_BYTES);
    switch (code) {
      case 0x80:
        accumulator = packet.length;
        break;
      case 0xb1:
        index = (packet.readUInt8(operand) & 0xf) * 4;
        break;
      case 0x15:
        go(accumulator === operand);
        break;
      case 0x25:
        go(accumulator > operand);
        break;
      case 0x35:
        go(accumulator >= operand);
        break;
      case 0x45:
        go((accumulator & operand) !== 0);
        break;
      case 0x06:
        return operand > 0;
      default:
        throw new Error('no such instruction');
    }
  }
  throw new Error('the program does not end');
}
