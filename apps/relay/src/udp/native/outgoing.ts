/**
 * Datagrams that leave together, from where they were received. Those of one length for one address that follow each
 * other are one message to the kernel, which takes it apart again behind everything that costs time (UDP_SEGMENT in
 * udp(7)). Where it refuses that, because of a narrow path or an old device, they are sent one by one.
 */
import { constants } from 'node:os';
import { isSameAddress, type PlayerAddress } from '../../core/verdict';
import { batchSize, Headers, nameBytes, Parts, places } from '#runtime/native/headers';
import { packetInfoBytes, PacketInfos } from './packet-info';
import type { SocketAddresses } from './socket-address';
import { dontWait, type System } from '#runtime/native/system';

const udpLevel = 17;
const udpSegment = 103;
/** `struct cmsghdr` with two bytes, and with what fills it up; behind it is room for the local address. */
const segmentLength = 18;
const segmentBytes = 24;
const segmentOffset = 16;
const controlBytes = segmentBytes + packetInfoBytes.ipv6;
const longestBytes = 65_536;
/** What an IP packet holds, with room for every header. */
const maxMessageBytes = 65_000;

const { EINVAL, EIO, EMSGSIZE } = constants.errno;
const refusals = [EINVAL, EIO, EMSGSIZE];

/** One message: the datagrams of places that follow each other. */
interface Group {
  to: PlayerAddress;
  first: number;
  count: number;
  /** The length of each datagram. The last one may be shorter, and then no more are added. */
  datagramBytes: number;
  lastBytes: number;
}

export class Outgoing {
  readonly #system: System;
  readonly #addresses: SocketAddresses;
  readonly #headers: Headers;
  readonly #parts: Parts;
  readonly #infos: PacketInfos;
  /** The local addresses that the controls have. */
  readonly #infoTexts: string[] = places.map(() => '');
  readonly #infoBytes: number[] = places.map(() => 0);
  readonly #controls = Buffer.alloc(batchSize * controlBytes);
  readonly #controlAddress: bigint;
  readonly #groups: Group[];
  readonly #copy = Buffer.from(new ArrayBuffer(longestBytes));
  readonly #copyPart: Parts;
  #count = 0;

  /** @param starts where the datagram of each place begins in memory */
  constructor(system: System, addresses: SocketAddresses, starts: readonly bigint[]) {
    this.#system = system;
    this.#addresses = addresses;
    this.#infos = new PacketInfos(addresses);
    this.#headers = new Headers(system);
    this.#parts = new Parts(system, starts);
    this.#copyPart = new Parts(system, [system.addressOf(this.#copy)]);
    this.#controlAddress = system.addressOf(this.#controls);
    const nowhere = { address: '', port: 0 };
    this.#groups = places.map(() => ({ to: nowhere, first: 0, count: 0, datagramBytes: 0, lastBytes: 0 }));
    for (const place of places) {
      this.#controls.writeUInt32LE(segmentLength, place * controlBytes);
      this.#controls.writeUInt32LE(udpLevel, place * controlBytes + 8);
      this.#controls.writeUInt32LE(udpSegment, place * controlBytes + 12);
    }
  }

  /** Adds the datagram of a place, in ascending order. */
  add(place: number, length: number, to: PlayerAddress): void {
    this.#parts.setLength(place, length);
    const last = this.#groups[this.#count - 1];
    if (last && isContinued(last, place, length, to)) {
      last.count++;
      last.lastBytes = length;
      return;
    }
    const group = this.#groups[this.#count++];
    if (!group) return;
    group.to = to;
    group.first = place;
    group.count = 1;
    group.datagramBytes = group.lastBytes = length;
  }

  /** Sends a datagram that was not received here, at once and from a copy. */
  sendOne(fd: number, datagram: Buffer, to: PlayerAddress): void {
    this.#copyPart.setLength(0, datagram.copy(this.#copy));
    this.#headers.setParts(0, this.#copyPart.addresses[0] ?? 0n, 1);
    this.#setDestination(0, to);
    this.#sendMany(fd, 0, 1);
  }

  /** Sends everything. What cannot be sent is lost. */
  send(fd: number): void {
    const count = this.#count;
    this.#count = 0;
    for (let index = 0; index < count; index++) this.#prepare(index);
    let sent = 0;
    while (sent < count) {
      const more = this.#sendMany(fd, sent, count - sent);
      // The call ends at the first message that it cannot send.
      if (more <= 0) this.#sendApart(fd, sent);
      sent += Math.max(1, more);
    }
  }

  #prepare(index: number): void {
    const group = this.#groups[index];
    if (!group) return;
    this.#setParts(index, group.first, group.count);
    this.#setDestination(index, group.to, group.count > 1 ? group.datagramBytes : undefined);
  }

  /** @param segment the bytes of each datagram, where the message has several */
  #setDestination(index: number, to: PlayerAddress, segment?: number): void {
    const nameLength = this.#addresses.write(to, this.#headers.names, index * nameBytes);
    this.#headers.setNameLength(index, nameLength);
    const infoBytes = to.asked === undefined ? 0 : this.#writeInfo(index, to.asked);
    const control = index * controlBytes;
    if (segment === undefined) {
      const address = infoBytes === 0 ? 0n : this.#controlAddress + BigInt(control + segmentBytes);
      return this.#headers.setControl(index, address, infoBytes);
    }
    this.#controls.writeUInt16LE(segment, control + segmentOffset);
    this.#headers.setControl(index, this.#controlAddress + BigInt(control), segmentBytes + infoBytes);
  }

  /** @returns its bytes */
  #writeInfo(index: number, local: string): number {
    if (this.#infoTexts[index] !== local) {
      this.#infoBytes[index] = this.#infos.write(local, this.#controls, index * controlBytes + segmentBytes);
      this.#infoTexts[index] = local;
    }
    return this.#infoBytes[index] ?? 0;
  }

  #sendMany(fd: number, first: number, count: number): number {
    const headers = this.#headers.from[first];
    return headers ? this.#system.sendMany(fd, headers, count, dontWait) : 0;
  }

  #sendApart(fd: number, index: number): void {
    const group = this.#groups[index];
    if (!group || group.count === 1 || !refusals.includes(this.#system.errno())) return;
    this.#setDestination(index, group.to);
    for (let place = group.first; place < group.first + group.count; place++) {
      this.#setParts(index, place, 1);
      this.#sendMany(fd, index, 1);
    }
  }

  #setParts(index: number, place: number, count: number): void {
    const parts = this.#parts.addresses[place];
    if (parts !== undefined) this.#headers.setParts(index, parts, count);
  }
}

function isContinued(group: Group, place: number, length: number, to: PlayerAddress): boolean {
  const { first, count, datagramBytes, lastBytes } = group;
  return (
    place === first + count &&
    lastBytes === datagramBytes &&
    length <= datagramBytes &&
    (count + 1) * datagramBytes <= maxMessageBytes &&
    isSameAddress(group.to, to)
  );
}
