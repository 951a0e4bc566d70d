/** Ports whose datagrams are received, judged and sent on many at a time, without a copy. Linux alone. */
import { constants } from 'node:os';
import type { SocketAddress } from '#shared/endpoint';
import { clockMs } from '../../clock';
import type { PlayerAddress } from '../../core/verdict';
import { isWildcard } from '../wildcard';
import { PortUnavailableError, isUnavailable, socketBufferBytes } from '../bind';
import type { OpenUdpPort, UdpListener, UdpPort } from '../udp-port';
import { Incoming } from './incoming';
import { Outgoing } from './outgoing';
import { packetInfoOptions } from './packet-info';
import { Readiness } from '#runtime/native/readiness';
import { family, SocketAddresses, socketAddressBytes } from './socket-address';
import { loadSystem, type System, systemError } from '#runtime/native/system';

/** A datagram socket that does not block and that programs which are started do not inherit. */
const socketType = 2 | 0o4000 | 0o2000000;
const socketLevel = 1;
const sendBuffer = 7;
const receiveBuffer = 8;
const ipv6Level = 41;
const ipv6Only = 26;
const { EAGAIN, EINTR } = constants.errno;

let opened: Promise<OpenUdpPort | string> | undefined;

/** @returns how to open such ports, or why this cannot be had here */
export function loadNativePorts(): Promise<OpenUdpPort | string> {
  return (opened ??= load());
}

async function load(): Promise<OpenUdpPort | string> {
  const system = await loadSystem();
  if (typeof system === 'string') return system;
  const addresses = new SocketAddresses();
  const incoming = new Incoming(system, addresses);
  const outgoing = new Outgoing(system, addresses, incoming.starts);
  const shared = { system, addresses, readiness: new Readiness(system), incoming, outgoing };
  // What the constructor throws becomes a rejection.
  return (local, listener) => new Promise((resolve) => resolve(new NativePort(shared, local, listener)));
}

/** What all ports of a process have in common. */
interface Shared {
  readonly system: System;
  readonly addresses: SocketAddresses;
  readonly readiness: Readiness;
  /** Buffers for the port whose turn it is. */
  readonly incoming: Incoming;
  readonly outgoing: Outgoing;
}

class NativePort implements UdpPort {
  readonly port: number;
  readonly #shared: Shared;
  readonly #listener: UdpListener;
  readonly #fd: number;
  readonly #unwatch: () => void;
  #isOpen = true;

  constructor(shared: Shared, local: SocketAddress, listener: UdpListener) {
    this.#shared = shared;
    this.#listener = listener;
    this.#fd = openSocket(shared, local);
    const { system, addresses, readiness } = shared;
    const name = Buffer.alloc(socketAddressBytes.ipv6);
    const nameLength = Buffer.alloc(4);
    nameLength.writeUInt32LE(name.length);
    system.nameOf(this.#fd, name, nameLength);
    this.port = addresses.read(name, 0).port;
    try {
      this.#unwatch = readiness.watch(this.#fd, () => this.#receive());
    } catch (error) {
      system.close(this.#fd);
      throw error;
    }
  }

  send(datagram: Buffer, to: PlayerAddress): void {
    this.#shared.outgoing.sendOne(this.#fd, datagram, to);
  }

  close(): Promise<void> {
    if (this.#isOpen) {
      this.#unwatch();
      this.#shared.system.close(this.#fd);
    }
    this.#isOpen = false;
    return Promise.resolve();
  }

  #receive(): void {
    const { incoming, outgoing } = this.#shared;
    const count = incoming.receive(this.#fd);
    if (count === -1) return this.#explain();
    const nowMs = clockMs();
    try {
      for (let place = 0; place < count; place++) {
        const datagram = incoming.datagram(place);
        const to = this.#listener.received(datagram, incoming.source(place), nowMs);
        if (to) outgoing.add(place, datagram.length, to);
      }
    } finally {
      outgoing.send(this.#fd);
    }
  }

  #explain(): void {
    const error = systemError(this.#shared.system, 'recvmmsg');
    if (error.errno !== -EAGAIN && error.errno !== -EINTR) this.#listener.failed(error);
  }
}

function openSocket({ system, addresses }: Shared, local: SocketAddress): number {
  const isIpv6 = local.address.includes(':');
  const fd = system.socket(isIpv6 ? family.ipv6 : family.ipv4, socketType, 0);
  if (fd === -1) throw systemError(system, 'socket');
  const setOption = (level: number, option: number, value: number) =>
    system.setOption(fd, level, option, Buffer.from(Int32Array.of(value).buffer), 4);
  if (isIpv6) setOption(ipv6Level, ipv6Only, 1);
  const { level, option } = packetInfoOptions[isIpv6 ? 'ipv6' : 'ipv4'];
  if (isWildcard(local.address)) setOption(level, option, 1);
  setOption(socketLevel, receiveBuffer, socketBufferBytes);
  setOption(socketLevel, sendBuffer, socketBufferBytes);
  const name = Buffer.alloc(socketAddressBytes.ipv6);
  if (system.bind(fd, name, addresses.write(local, name, 0)) === 0) return fd;
  const error = systemError(system, 'bind');
  system.close(fd);
  throw isUnavailable(error) ? new PortUnavailableError(local, error) : error;
}
