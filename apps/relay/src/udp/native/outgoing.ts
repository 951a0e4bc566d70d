/**
 * Datagrams that leave together, from where they were received. Those of one length for one address that follow each
 * other are one message to the kernel, which takes it apart again behind everything that costs time (UDP_SEGMENT in
 * udp(7)). Where it refuses that, because of a narrow path or an old device, they are sent one by one.
 */
import { constants } from 'node:os';
import type { SocketAddress } from '#shared/endpoint';
import { isSameAddress } from '../../core/verdict';
import { batchSize, Headers, nameBytes, Parts, places } from './headers';
import type { SocketAddresses } from './socket-address';
import { dontWait, type System } from '../../native/system';

const udpLevel = 17;
const udpSegment = 103;
/** `struct cmsghdr` with two bytes, and with what fills it up. */
const controlLength = 18;
const controlBytes = 24;
const segmentOffset = 16;
/** What an IP packet holds, with room for every header. */
const maxMessageBytes = 65_000;

const { EINVAL, EIO, EMSGSIZE } = constants.errno;
const refusals = [EINVAL, EIO, EMSGSIZE];

/** One message: the datagrams of places that follow each other. */
interface Group {
  to: SocketAddress;
  first: number;
  count: number;
  /** Of each datagram; the last one may be shorter, and is the last then. */
  segmentBytes: number;
  lastBytes: number;
}

export class Outgoing {
  readonly #system: System;
  readonly #addresses: SocketAddresses;
  readonly #headers: Headers;
  readonly #parts: Parts;
  readonly #controls = Buffer.alloc(batchSize * controlBytes);
  readonly #controlAddress: bigint;
  readonly #groups: Group[];
  #count = 0;

  /** @param starts where the datagram of each place begins in memory */
  constructor(system: System, addresses: SocketAddresses, starts: readonly bigint[]) {
    this.#system = system;
    this.#addresses = addresses;
    this.#headers = new Headers(system);
    this.#parts = new Parts(system, starts);
    this.#controlAddress = system.addressOf(this.#controls);
    const nowhere = { address: '', port: 0 };
    this.#groups = places.map(() => ({ to: nowhere, first: 0, count: 0, segmentBytes: 0, lastBytes: 0 }));
    for (const place of places) {
      this.#controls.writeUInt32LE(controlLength, place * controlBytes);
      this.#controls.writeUInt32LE(udpLevel, place * controlBytes + 8);
      this.#controls.writeUInt32LE(udpSegment, place * controlBytes + 12);
    }
  }

  /** Adds the datagram of a place, in ascending order. */
  add(place: number, length: number, to: SocketAddress): void {
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
    group.segmentBytes = group.lastBytes = length;
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
    const nameLength = this.#addresses.write(group.to, this.#headers.names, index * nameBytes);
    this.#headers.setNameLength(index, nameLength);
    this.#setParts(index, group.first, group.count);
    if (group.count === 1) return this.#headers.setControl(index, 0n, 0);
    const control = index * controlBytes;
    this.#controls.writeUInt16LE(group.segmentBytes, control + segmentOffset);
    this.#headers.setControl(index, this.#controlAddress + BigInt(control), controlBytes);
  }

  #sendMany(fd: number, first: number, count: number): number {
    const headers = this.#headers.from[first];
    return headers ? this.#system.sendMany(fd, headers, count, dontWait) : 0;
  }

  #sendApart(fd: number, index: number): void {
    const group = this.#groups[index];
    if (!group || group.count === 1 || !refusals.includes(this.#system.errno())) return;
    this.#headers.setControl(index, 0n, 0);
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

function isContinued(group: Group, place: number, length: number, to: SocketAddress): boolean {
  const { first, count, segmentBytes, lastBytes } = group;
  return (
    place === first + count &&
    lastBytes === segmentBytes &&
    length <= segmentBytes &&
    (count + 1) * segmentBytes <= maxMessageBytes &&
    isSameAddress(group.to, to)
  );
}
