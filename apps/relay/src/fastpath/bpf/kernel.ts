/** bpf(2): maps, programs and links, each a file descriptor. The kernel forgets them with the last descriptor. */
import { constants } from 'node:os';
import { type System, systemError } from '#runtime/native/system';

/** The number of bpf(2), which the C library has no function for. */
const callNumber = process.arch === 'x64' ? 321 : 280;
/** The commands of linux/bpf.h that are needed here. */
const command = {
  createMap: 0,
  updateElement: 2,
  loadProgram: 5,
  lookUpAndDelete: 21,
  lookUpBatch: 24,
  createLink: 28,
} as const;
const hashMap = 1;
/** Takes memory for the elements that are there. */
const withoutPreallocation = 1;
const mustBeNew = 1;
const classifierProgram = 3;
const tcxIngress = 46;
const instructionBytes = 8;
const attributeBytes = 128;
const { E2BIG, EAGAIN, EBUSY, EEXIST, ENOMEM } = constants.errno;
/** Errors of an insertion that are no fault: a map takes memory as it needs it. */
const passingErrors = [E2BIG, EAGAIN, EBUSY, EEXIST, ENOMEM];
const positionBytes = 8;
/** Where the attributes of a listing have the number of elements, which the kernel changes to how many it gave. */
const countOffset = 32;

export interface MapShape {
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly maxElements: number;
}

/** A member of `union bpf_attr`: a number of 4 or 8 bytes, a name, or the address of what the kernel is to read or write. */
type Attribute = readonly [value: number, bytes: 4 | 8] | string | Buffer;
/** How long a name is, the zero at its end included. */
const nameBytes = 16;

/** All calls throw what the system says against them. */
export class BpfKernel {
  readonly #system: System;
  readonly #attributes = Buffer.alloc(attributeBytes);

  constructor(system: System) {
    this.#system = system;
  }

  /** @param name of 15 letters at most, shown by bpftool */
  createMap(name: string, { keyBytes, valueBytes, maxElements }: MapShape): number {
    const shape = [hashMap, keyBytes, valueBytes, maxElements].map((word) => [word, 4] as const);
    const flagsAndNode = [
      [withoutPreallocation, 4],
      [0, 8],
    ] as const;
    return this.#call('BPF_MAP_CREATE', command.createMap, ...shape, ...flagsAndNode, name);
  }

  loadProgram(name: string, instructions: Buffer, license: string): number {
    const kind = [classifierProgram, 4] as const;
    const length = [instructions.length / instructionBytes, 4] as const;
    const text = Buffer.from(`${license}\0`);
    const noLog = [
      [0, 8],
      [0, 8],
      [0, 8],
    ] as const;
    return this.#call('BPF_PROG_LOAD', command.loadProgram, kind, length, instructions, text, ...noLog, name);
  }

  /** Lets the program see what comes in by a device, until the link is closed. */
  attach(program: number, device: number): number {
    return this.#call('BPF_LINK_CREATE', command.createLink, [program, 4], [device, 4], [tcxIngress, 4]);
  }

  /** False when the kernel has no room for it at the moment, or has it already. */
  insert(map: number, key: Buffer, value: Buffer): boolean {
    const result = this.#try(command.updateElement, [[map, 8], key, value, [mustBeNew, 8]]);
    if (result === -1 && !passingErrors.includes(this.#system.errno()))
      throw systemError(this.#system, 'BPF_MAP_UPDATE_ELEM');
    return result !== -1;
  }

  /** Takes out what is there and writes its value as it was at the end; false when nothing is. */
  remove(map: number, key: Buffer, value: Buffer): boolean {
    const result = this.#try(command.lookUpAndDelete, [[map, 8], key, value, [0, 8]]);
    return this.#isFound(result, 'BPF_MAP_LOOKUP_AND_DELETE_ELEM');
  }

  /** Goes through a map, as many elements at a time as there is room for; tells how many it has read each time. */
  *list(map: number, keys: Buffer, values: Buffer, room: number): Generator<number> {
    const position = Buffer.alloc(positionBytes);
    for (let [isFirst, isMore] = [true, true]; isMore; isFirst = false) {
      const from: Attribute = isFirst ? [0, 8] : position;
      const result = this.#try(command.lookUpBatch, [from, position, keys, values, [room, 4], [map, 4]]);
      isMore = this.#isFound(result, 'BPF_MAP_LOOKUP_BATCH');
      yield this.#attributes.readUInt32LE(countOffset);
    }
  }

  close(descriptor: number): void {
    this.#system.close(descriptor);
  }

  #call(name: string, task: number, ...attributes: readonly Attribute[]): number {
    const result = this.#try(task, attributes);
    if (result === -1) throw systemError(this.#system, name);
    return result;
  }

  #isFound(result: number, name: string): boolean {
    if (result === -1 && this.#system.errno() !== constants.errno.ENOENT)
      throw systemError(this.#system, name);
    return result !== -1;
  }

  #try(task: number, attributes: readonly Attribute[]): number {
    this.#attributes.fill(0);
    let at = 0;
    for (const attribute of attributes) {
      if (attribute instanceof Buffer) {
        this.#attributes.writeBigUInt64LE(this.#system.addressOf(attribute), at);
        at += 8;
      } else if (typeof attribute === 'string') {
        this.#attributes.write(attribute, at, nameBytes - 1, 'latin1');
        at += nameBytes;
      } else {
        this.#attributes.writeUIntLE(attribute[0], at, 4);
        at += attribute[1];
      }
    }
    return this.#system.bpf(callNumber, task, this.#attributes, attributeBytes);
  }
}
