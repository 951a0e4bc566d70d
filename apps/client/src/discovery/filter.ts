/**
 * The program by which the kernel leaves everything alone but what games of this machine say to a whole LAN: classic BPF (see
 * bpf(4) of BSD, linux/filter.h), for packets of an AF_PACKET socket of type SOCK_DGRAM, which begin with the IP header. Pure.
 */
import type { PortRange } from '../network/guard/exposure';
import type { CarriedPorts } from './ports';
import { deniedGroups, deniedPorts, gamePorts } from './ports';
import { numberOf } from './packet';

/** An interface with an IPv4 address; addresses are numbers. */
export interface OwnAddress {
  readonly interfaceIndex: number;
  readonly address: number;
  /** Of the address's network; null for one without, such as a single address. */
  readonly broadcast: number | null;
}

/** A packet of the tunnel's size holds this; a copy is no larger than what was captured. */
const MOST_BYTES = 1280;

/** Where the kernel's own facts about a packet are (SKF_AD_OFF and others). */
const ancillary = { protocol: 0xffff_f000, packetType: 0xffff_f004, interfaceIndex: 0xffff_f008 } as const;
const outgoing = 4;
const ipv4 = 0x0800;
const udp = 17;
const fragmentBits = 0x3fff;

const load = {
  word: 0x20,
  half: 0x28,
  byte: 0x30,
  length: 0x80,
  headerBytesToX: 0xb1,
  halfBehindX: 0x48,
} as const;
const jump = { always: 0x05, ifEqual: 0x15, ifGreater: 0x25, ifAtLeast: 0x35, ifAnyBit: 0x45 } as const;
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

/** @returns `struct sock_filter` after `struct sock_filter`, little-endian */
export function lanFilter(own: readonly OwnAddress[], ports: CarriedPorts): Buffer {
  const program: Instruction[] = [];
  const labels = new Map<string, number>();
  const add = (code: number, operand: number, yes?: string, no?: string) =>
    void program.push({ code, operand, yes, no });
  const label = (name: string) => labels.set(name, program.length);

  add(load.byte, ancillary.packetType);
  add(jump.ifEqual, outgoing, undefined, 'drop');
  add(load.half, ancillary.protocol);
  add(jump.ifEqual, ipv4, undefined, 'drop');
  add(load.word, 16); // destination
  add(jump.ifAtLeast, numberOf('224.0.0.0'), 'group');
  for (const { broadcast } of own) if (broadcast !== null) add(jump.ifEqual, broadcast, 'source');
  add(jump.always, 0, 'drop');
  label('group');
  add(jump.ifEqual, numberOf('255.255.255.255'), 'source');
  add(jump.ifAtLeast, numberOf('240.0.0.0'), 'drop');
  add(jump.ifAtLeast, numberOf('224.0.1.0'), undefined, 'drop'); // below: of the network itself (RFC 5771)
  for (const group of deniedGroups) add(jump.ifEqual, numberOf(group), 'drop');
  label('source'); // What another machine or a container sends through this one is not the player's.
  add(load.word, 12);
  own.forEach(({ address }, place) => add(jump.ifEqual, address, `own ${place}`));
  add(jump.always, 0, 'drop');
  own.forEach(({ interfaceIndex }, place) => {
    label(`own ${place}`);
    add(load.word, ancillary.interfaceIndex);
    add(jump.ifEqual, interfaceIndex, 'datagram', 'drop');
  });
  label('datagram');
  add(load.byte, 9);
  add(jump.ifEqual, udp, undefined, 'drop');
  add(load.half, 6);
  add(jump.ifAnyBit, fragmentBits, 'drop');
  add(load.length, 0);
  add(jump.ifGreater, MOST_BYTES, 'drop');
  add(load.headerBytesToX, 0);
  add(load.halfBehindX, 2); // destination port
  for (const port of deniedPorts) add(jump.ifEqual, port, 'drop');
  rangesOf(ports)?.forEach(({ from, to }, place) => {
    add(jump.ifAtLeast, from, undefined, `port ${place}`);
    add(jump.ifGreater, to, undefined, 'take');
    label(`port ${place}`);
  });
  if (ports !== 'all') add(jump.always, 0, 'drop');
  label('take');
  add(RETURN, WHOLE_PACKET);
  label('drop');
  add(RETURN, 0);
  return assembled(program, labels);
}

function rangesOf(ports: CarriedPorts): readonly PortRange[] | null {
  if (ports === 'all') return null;
  return ports === 'games' ? gamePorts : ports;
}

/** Jumps lead forward only; those of conditions by 255 instructions at most, which is what a byte holds. */
function assembled(program: readonly Instruction[], labels: ReadonlyMap<string, number>): Buffer {
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  program.forEach(({ code, operand, yes, no }, place) => {
    const distance = (to: string | undefined) => (to === undefined ? 0 : (labels.get(to) ?? 0) - place - 1);
    const at = place * INSTRUCTION_BYTES;
    bytes.writeUInt16LE(code, at);
    if (code === jump.always) return bytes.writeUInt32LE(distance(yes), at + 4);
    bytes.writeUInt8(distance(yes), at + 2);
    bytes.writeUInt8(distance(no), at + 3);
    return bytes.writeUInt32LE(operand, at + 4);
  });
  return bytes;
}
