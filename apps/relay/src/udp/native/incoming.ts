import type { PlayerAddress } from '../../core/verdict';
import { batchSize, Headers, nameBytes, Parts, places } from '#runtime/native/headers';
import { packetInfoBytes, PacketInfos } from './packet-info';
import { type SocketAddresses, socketAddressBytes } from './socket-address';
import { dontWait, type System } from '#runtime/native/system';

/** The longest datagram, and an odd number of cache lines, so that they do not all compete for the same ones. */
const slotBytes = 65_536 + 64 * 37;

const controlBytes = packetInfoBytes.ipv6;

/** Datagrams that were received together, each at a place of its own. */
export class Incoming {
  /** Where the datagram of each place begins in memory. */
  readonly starts: readonly bigint[];
  readonly #system: System;
  readonly #addresses: SocketAddresses;
  readonly #infos: PacketInfos;
  /** Which address each was sent to, where the socket asks for that. */
  readonly #controls = Buffer.alloc(batchSize * controlBytes);
  readonly #headers: Headers;
  /** The headers point there. */
  readonly #parts: Parts;
  /** Takes memory only where it was written to. */
  readonly #slots = Buffer.from(new ArrayBuffer(batchSize * slotBytes));
  /** The last of each place: making a Buffer takes longer than most of what is done with it. */
  readonly #datagrams = places.map((place) => this.#slice(place, 0));

  /** Places that the system has written to last. */
  #used = 0;

  constructor(system: System, addresses: SocketAddresses) {
    this.#system = system;
    this.#addresses = addresses;
    this.#infos = new PacketInfos(addresses);
    this.#headers = new Headers(system);
    const first = system.addressOf(this.#slots);
    this.starts = places.map((place) => first + BigInt(place * slotBytes));
    this.#parts = new Parts(system, this.starts);
    const controls = system.addressOf(this.#controls);
    for (const place of places) {
      this.#headers.setControl(place, controls + BigInt(place * controlBytes), controlBytes);
      this.#parts.setLength(place, slotBytes);
      this.#headers.setParts(place, this.#parts.addresses[place] ?? 0n, 1);
      this.#headers.setNameLength(place, socketAddressBytes.ipv6);
    }
  }

  /** Replaces all datagrams. @returns how many there are now, or -1 for a failure */
  receive(fd: number): number {
    const [headers] = this.#headers.from;
    // The system puts the lengths of addresses and controls where it was told how much room there is: tell it again.
    for (let place = 0; place < this.#used; place++) {
      this.#headers.setNameLength(place, socketAddressBytes.ipv6);
      this.#headers.setControlLength(place, controlBytes);
    }
    const count = headers ? this.#system.receiveMany(fd, headers, batchSize, dontWait, null) : 0;
    this.#used = Math.max(0, count);
    return count;
  }

  datagram(place: number): Buffer {
    const length = this.#headers.messageLength(place);
    const former = this.#datagrams[place];
    if (former?.length === length) return former;
    return (this.#datagrams[place] = this.#slice(place, length));
  }

  source(place: number): PlayerAddress {
    const length = this.#headers.controlLength(place);
    const asked = length > 0 ? this.#infos.read(this.#controls, place * controlBytes, length) : undefined;
    return this.#addresses.read(this.#headers.names, place * nameBytes, asked);
  }

  #slice(place: number, length: number): Buffer {
    return this.#slots.subarray(place * slotBytes, place * slotBytes + length);
  }
}
