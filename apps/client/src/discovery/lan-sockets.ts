/** The sockets of discovery: those that see what passes, and one that sends copies. Linux alone; see packet(7), raw(7). */
import { batchSize, Headers, nameBytes, Parts, places } from '#runtime/native/headers';
import { dontWait, systemError, type System } from '#runtime/native/system';
import { Readiness } from '#runtime/native/readiness';
import { INSTRUCTION_BYTES } from './bpf';

/** Neither blocks, and programs that are started inherit neither. */
const flags = 0o4000 | 0o2000000;
const packetFamily = 17;
const ipv4Family = 2;
const datagramType = 2;
const rawType = 3;
/** Packets bring their own IP header. */
const rawProtocol = 255;
/** ETH_P_ALL, big-endian: sockets of one protocol do not see what leaves. */
const everyProtocol = 0x0003;
const socketLevel = 1;
const bindToDevice = 25;
const attachFilter = 26;
/** SO_RCVBUFFORCE: more than the system gives to everybody. */
const receiveBuffer = 33;
/** Some thousands of small packets: what a game that floods sends while the agent is busy, and others' beside it. */
const RECEIVE_BUFFER_BYTES = 4 * 1_024 * 1_024;
const packetAddressBytes = 20;
const ipv4AddressBytes = 16;
const filterHeaderBytes = 16;
const LARGEST_PACKET = 2_048;
/** How many are read before other work has its turn. */
const PACKETS_AT_ONCE = 64;

let readiness: Readiness | undefined;

/** Packets of this machine's interfaces, in and out, that the filter lets through. */
export class CaptureSocket {
  readonly #system: System;
  readonly #fd: number;
  readonly #packet = Buffer.alloc(LARGEST_PACKET);
  readonly #unwatch: () => void;

  /**
   * @param filter see bpf.ts
   * @param interfaceIndex of the only interface that matters; 0: all
   * @param take gets each packet, from its IP header on; the memory is used again afterwards
   * @throws Error when the system refuses
   */
  constructor(system: System, filter: Buffer, interfaceIndex: number, take: (packet: Buffer) => void) {
    this.#system = system;
    // No protocol yet, so that nothing comes before the filter is there.
    this.#fd = opened(system, packetFamily, datagramType, 0);
    try {
      this.filter(filter);
      const bytes = Buffer.from(Int32Array.of(RECEIVE_BUFFER_BYTES).buffer);
      system.setOption(this.#fd, socketLevel, receiveBuffer, bytes, bytes.length);
      const name = Buffer.alloc(packetAddressBytes);
      name.writeUInt16LE(packetFamily, 0);
      name.writeUInt16BE(everyProtocol, 2);
      name.writeInt32LE(interfaceIndex, 4);
      if (system.bind(this.#fd, name, name.length) !== 0) throw systemError(system, 'bind');
      readiness ??= new Readiness(system);
      this.#unwatch = readiness.watch(this.#fd, () => this.#receive(take));
    } catch (error) {
      system.close(this.#fd);
      throw error;
    }
  }

  /** Takes another filter in place of the one before. @throws Error when the system refuses */
  filter(filter: Buffer): void {
    const header = Buffer.alloc(filterHeaderBytes);
    header.writeUInt16LE(filter.length / INSTRUCTION_BYTES, 0);
    header.writeBigUInt64LE(BigInt(this.#system.addressOf(filter)), 8);
    if (this.#system.setOption(this.#fd, socketLevel, attachFilter, header, header.length) !== 0)
      throw systemError(this.#system, 'setsockopt');
  }

  close(): void {
    this.#unwatch();
    this.#system.close(this.#fd);
  }

  #receive(take: (packet: Buffer) => void): void {
    for (let count = 0; count < PACKETS_AT_ONCE; count++) {
      const bytes = Number(this.#system.receive(this.#fd, this.#packet, this.#packet.length, dontWait));
      if (bytes < 0) return;
      take(this.#packet.subarray(0, bytes));
    }
  }
}

/** Room for each packet, whatever was captured. */
const slotBytes = LARGEST_PACKET;

/** Sends whole IPv4 packets into one interface, many with one system call. */
export class PacketSender {
  readonly #system: System;
  readonly #fd: number;
  readonly #slots = Buffer.alloc(batchSize * slotBytes);
  readonly #headers: Headers;
  readonly #parts: Parts;
  #count = 0;
  #sent = 0;

  /** @throws Error when the system refuses, for example as there is no such interface */
  constructor(system: System, interfaceName: string) {
    this.#system = system;
    this.#headers = new Headers(system);
    const first = system.addressOf(this.#slots);
    this.#parts = new Parts(
      system,
      places.map((place) => first + BigInt(place * slotBytes)),
    );
    for (const place of places) {
      this.#headers.setParts(place, this.#parts.addresses[place] ?? 0n, 1);
      this.#headers.setNameLength(place, ipv4AddressBytes);
      this.#headers.names.writeUInt16LE(ipv4Family, place * nameBytes);
    }
    this.#fd = opened(system, ipv4Family, rawType, rawProtocol);
    const name = Buffer.from(`${interfaceName}\0`);
    if (system.setOption(this.#fd, socketLevel, bindToDevice, name, name.length) === 0) return;
    const error = systemError(system, 'setsockopt');
    system.close(this.#fd);
    throw error;
  }

  /** Takes a copy of the packet, which leaves with {@link flush} at the latest. @param address the packet's destination */
  add(packet: Buffer, address: number): void {
    const place = this.#count++;
    this.#parts.setLength(place, packet.copy(this.#slots, place * slotBytes));
    this.#headers.names.writeUInt32BE(address, place * nameBytes + 4);
    if (this.#count === batchSize) this.#sendAll();
  }

  /** @returns how many of those that were added the system took */
  flush(): number {
    this.#sendAll();
    const sent = this.#sent;
    this.#sent = 0;
    return sent;
  }

  close(): void {
    this.#system.close(this.#fd);
  }

  /** The call ends at the first packet that it cannot send, which is lost. */
  #sendAll(): void {
    const count = this.#count;
    this.#count = 0;
    for (let place = 0; place < count;) {
      const headers = this.#headers.from[place];
      const sent = headers ? this.#system.sendMany(this.#fd, headers, count - place, dontWait) : 0;
      this.#sent += Math.max(0, sent);
      place += Math.max(1, sent);
    }
  }
}

function opened(system: System, family: number, type: number, protocol: number): number {
  const fd = system.socket(family, type | flags, protocol);
  if (fd < 0) throw systemError(system, 'socket');
  return fd;
}
