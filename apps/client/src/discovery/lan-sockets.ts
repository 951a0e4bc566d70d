/** The sockets of discovery: those that see what passes, and one that sends copies. Linux alone; see packet(7), raw(7). */
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
const packetAddressBytes = 20;
const ipv4AddressBytes = 16;
const filterHeaderBytes = 16;
const LARGEST_PACKET = 2_048;
/** Before other work has its turn. */
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
    // Of no protocol, so that nothing comes before the filter is there.
    this.#fd = opened(system, packetFamily, datagramType, 0);
    try {
      this.filter(filter);
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

/** Sends whole IPv4 packets into one interface. */
export class PacketSender {
  readonly #system: System;
  readonly #fd: number;
  readonly #to = Buffer.alloc(ipv4AddressBytes);

  /** @throws Error when the system refuses, for example as there is no such interface */
  constructor(system: System, interfaceName: string) {
    this.#system = system;
    this.#fd = opened(system, ipv4Family, rawType, rawProtocol);
    this.#to.writeUInt16LE(ipv4Family, 0);
    const name = Buffer.from(`${interfaceName}\0`);
    if (system.setOption(this.#fd, socketLevel, bindToDevice, name, name.length) === 0) return;
    const error = systemError(system, 'setsockopt');
    system.close(this.#fd);
    throw error;
  }

  /** @param address the packet's destination @returns whether the system took it */
  send(packet: Buffer, address: number): boolean {
    this.#to.writeUInt32BE(address, 4);
    return (
      Number(this.#system.send(this.#fd, packet, packet.length, dontWait, this.#to, this.#to.length)) >= 0
    );
  }

  close(): void {
    this.#system.close(this.#fd);
  }
}

function opened(system: System, family: number, type: number, protocol: number): number {
  const fd = system.socket(family, type | flags, protocol);
  if (fd < 0) throw systemError(system, 'socket');
  return fd;
}
