/**
 * Instructions of the kernel's virtual machine (RFC 9669), as far as they are needed here, by name instead of by number.
 * A register is `r0` to `r10`; `r10` points behind the last byte of the stack.
 */

export type Register = `r${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10}`;
/** Bytes. */
export type Size = 1 | 2 | 4 | 8;

interface Instruction {
  readonly code: number;
  readonly destination?: Register;
  readonly source?: Register | 'map';
  readonly offset?: number;
  /** Where a jump goes, instead of an offset. */
  readonly target?: string;
  readonly immediate?: number;
}

/** A label, which is the place of the next instruction, or an instruction. */
export type Line = string | Instruction;

const instructionBytes = 8;
/** RFC 9669 section 5.2, but for `map`: section 5.4. */
const mapByDescriptor = 1;
const sizeCodes: Record<Size, number> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };
const comparisonCodes = { '==': 0x10, '>': 0x20, '&': 0x40, '!=': 0x50, '<': 0xa0, '<=': 0xb0 } as const;

/** destination = *(source + offset) */
export function load(size: Size, destination: Register, source: Register, offset: number): Line {
  return { code: 0x61 | sizeCodes[size], destination, source, offset };
}

/** *(destination + offset) = source */
export function store(size: Size, destination: Register, offset: number, source: Register | number): Line {
  return typeof source === 'number'
    ? { code: 0x62 | sizeCodes[size], destination, offset, immediate: source }
    : { code: 0x63 | sizeCodes[size], destination, offset, source };
}

/** *(destination + offset) += source, of 8 bytes, whatever other processors do meanwhile */
export function addAtomically(destination: Register, offset: number, source: Register): Line {
  return { code: 0xdb, destination, offset, source };
}

export function move(destination: Register, source: Register | number): Line {
  return arithmetic(0xb0, destination, source);
}

export function add(destination: Register, source: Register | number): Line {
  return arithmetic(0x00, destination, source);
}

/** Two bytes in network order become a number, on little-endian processors. */
export function fromNetworkOrder(destination: Register): Line {
  return { code: 0xdc, destination, immediate: 16 };
}

export function loadMap(destination: Register, descriptor: number): Line[] {
  return [{ code: 0x18, destination, source: 'map', immediate: descriptor }, { code: 0 }];
}

/** Compares the lower 32 bits with a number, without a sign; `&`: whether any of these bits is set. */
export function jumpIf(
  register: Register,
  comparison: keyof typeof comparisonCodes,
  value: number,
  target: string,
): Line {
  return { code: 0x06 | comparisonCodes[comparison], destination: register, immediate: value, target };
}

/** Compares all 64 bits, as pointers must be. */
export function jumpIfPointer(
  register: Register,
  comparison: keyof typeof comparisonCodes,
  other: Register | 0,
  target: string,
): Line {
  const code = 0x05 | comparisonCodes[comparison];
  return other === 0
    ? { code, destination: register, immediate: 0, target }
    : { code: code | 0x08, destination: register, source: other, target };
}

/** r0 = what the kernel's function of this number does with r1 to r5, which are lost. */
export function call(number: number): Line {
  return { code: 0x85, immediate: number };
}

export const exit: Line = { code: 0x95 };

/** @throws RangeError for a jump to nowhere */
export function assemble(lines: readonly Line[]): Buffer {
  const { instructions, labels } = resolve(lines);
  const code = Buffer.alloc(instructions.length * instructionBytes);
  for (const [
    place,
    { code: operation, destination, source, offset, target, immediate },
  ] of instructions.entries()) {
    const at = place * instructionBytes;
    code.writeUInt8(operation, at);
    code.writeUInt8(numberOf(destination) | (numberOf(source) << 4), at + 1);
    code.writeInt16LE(target === undefined ? (offset ?? 0) : placeOf(target, labels) - place - 1, at + 2);
    code.writeInt32LE((immediate ?? 0) | 0, at + 4);
  }
  return code;
}

function arithmetic(operation: number, destination: Register, source: Register | number): Line {
  return typeof source === 'number'
    ? { code: 0x07 | operation, destination, immediate: source }
    : { code: 0x0f | operation, destination, source };
}

function resolve(lines: readonly Line[]) {
  const labels = new Map<string, number>();
  const instructions: Instruction[] = [];
  for (const line of lines) {
    if (typeof line === 'string') labels.set(line, instructions.length);
    else instructions.push(line);
  }
  return { instructions, labels };
}

function placeOf(target: string, labels: ReadonlyMap<string, number>): number {
  const place = labels.get(target);
  if (place === undefined) throw new RangeError(`no label ${target}`);
  return place;
}

function numberOf(register: Register | 'map' | undefined): number {
  if (register === 'map') return mapByDescriptor;
  return register === undefined ? 0 : Number(register.slice(1));
}
