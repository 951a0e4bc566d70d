import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Counted, type Flow, nothing } from '../flow';
import type { Forwarder, ForwarderOptions } from '../forwarder';
import { type Layout, layouts, readCounts, readKey, writeKey, writeValue } from './elements';
import type { BpfKernel } from './kernel';
import { forwardingProgram, license } from './program';

export interface BpfForwarderOptions extends ForwarderOptions {
  /** Numbers of the network cards that players' packets come in by. */
  readonly devices: readonly number[];
}

/** Each takes the kernel about 100 bytes, once it is there. */
const maxFlows = 1 << 17;
/** Read from the kernel at a time. */
const room = 1024;
/** As bpftool shows the map and the program. */
const name = 'lanrage_relay';

/** A program of our own in the kernel, and the map of flows that it goes by. */
export class BpfForwarder implements Forwarder {
  readonly capacity = maxFlows;
  readonly #kernel: BpfKernel;
  readonly #layout: Layout;
  readonly #map: number;
  readonly #descriptors: number[] = [];
  readonly #keys: Buffer;
  readonly #values: Buffer;
  readonly #key: Buffer;
  readonly #value: Buffer;
  #gone = { packets: 0, bytes: 0 };

  /** @throws NodeJS.ErrnoException what the kernel has against it */
  constructor(kernel: BpfKernel, { isIpv6, ports, devices }: BpfForwarderOptions) {
    this.#kernel = kernel;
    this.#layout = isIpv6 ? layouts.ipv6 : layouts.ipv4;
    const { keyBytes, valueBytes } = this.#layout;
    [this.#keys, this.#values] = [Buffer.alloc(room * keyBytes), Buffer.alloc(room * valueBytes)];
    [this.#key, this.#value] = [Buffer.alloc(keyBytes), Buffer.alloc(valueBytes)];
    this.#map = this.#keep(kernel.createMap(name, { keyBytes, valueBytes, maxElements: maxFlows }));
    try {
      const instructions = forwardingProgram({ isIpv6, ports, map: this.#map });
      const program = this.#keep(kernel.loadProgram(name, instructions, license));
      for (const device of devices) this.#keep(kernel.attach(program, device));
    } catch (error) {
      this.#closeAll();
      throw error;
    }
  }

  change(removed: readonly Flow[], added: readonly Flow[]): Promise<Counted[]> {
    const counts = removed.map((flow) => this.#remove(flow));
    for (const flow of added) this.#insert(flow);
    return Promise.resolve(counts);
  }

  async count(report: (key: number, counted: Counted) => void): Promise<Counted> {
    const { keyBytes, valueBytes } = this.#layout;
    const total = { ...this.#gone };
    for (const count of this.#kernel.list(this.#map, this.#keys, this.#values, room)) {
      for (let place = 0; place < count; place++) {
        const counted = readCounts(this.#values.subarray(place * valueBytes), this.#layout);
        add(total, counted);
        if (counted.packets > 0)
          report(readKey(this.#keys.subarray(place * keyBytes), this.#layout), counted);
      }
      await nextTurn();
    }
    return total;
  }

  close(): Promise<void> {
    this.#closeAll();
    return Promise.resolve();
  }

  #insert(flow: Flow): void {
    writeKey(flow, this.#layout, this.#key);
    writeValue(flow, this.#layout, this.#value);
    // Where it was not taken in, user space goes on with the flow.
    this.#kernel.insert(this.#map, this.#key, this.#value);
  }

  #remove(flow: Flow): Counted {
    writeKey(flow, this.#layout, this.#key);
    if (!this.#kernel.remove(this.#map, this.#key, this.#value)) return nothing;
    const counted = readCounts(this.#value, this.#layout);
    add(this.#gone, counted);
    return counted;
  }

  #keep(descriptor: number): number {
    this.#descriptors.push(descriptor);
    return descriptor;
  }

  #closeAll(): void {
    for (const descriptor of this.#descriptors.splice(0).reverse()) this.#kernel.close(descriptor);
  }
}

function add(sum: { packets: number; bytes: number }, { packets, bytes }: Counted): void {
  sum.packets += packets;
  sum.bytes += bytes;
}
