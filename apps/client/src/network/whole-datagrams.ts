/**
 * A UDP socket whose datagrams leave in one piece, or not at all, whatever MTU a route has: for probes that are larger than what
 * else is sent to a peer. Node has no such option, so the socket is made by system calls (koffi). Linux alone.
 */
import { createSocket, type Socket } from 'node:dgram';
import { endianness } from 'node:os';

/** See socket(2) and ip(7); the numbers are the same on all processors named here. */
const ipv4Family = 2;
/** A datagram socket that does not block and that programs which are started do not inherit. */
const socketType = 2 | 0o4000 | 0o2000000;
const ipLevel = 0;
const mtuDiscover = 10;
/** Never fragment, and take the device's MTU for the path's. */
const pmtudiscProbe = 3;
const addressBytes = 16;
const processors = ['x64', 'arm64', 'riscv64'];

type Koffi = typeof import('koffi');
type Calls = ReturnType<typeof bind>;

let loaded: Promise<Calls | null> | undefined;

/** Gets what {@link openWhole} needs. @returns how to make such sockets; null where that cannot be had */
export function loadWholeSockets(): Promise<Calls | null> {
  return (loaded ??= load());
}

/**
 * Opens a socket at an address of this machine. It listens when it says so.
 * @param address IPv4
 * @returns null when it cannot be had, for example as the port is taken
 */
export function openWhole(calls: Calls, address: string, port: number): Socket | null {
  const fd = calls.socket(ipv4Family, socketType, 0);
  if (fd < 0) return null;
  const value = Buffer.alloc(4);
  value.writeInt32LE(pmtudiscProbe);
  const name = Buffer.alloc(addressBytes);
  name.writeUInt16LE(ipv4Family);
  name.writeUInt16BE(port, 2);
  name.set(address.split('.').map(Number), 4);
  const isReady =
    calls.setOption(fd, ipLevel, mtuDiscover, value, value.length) === 0 &&
    calls.bind(fd, name, name.length) === 0;
  if (!isReady) {
    calls.close(fd);
    return null;
  }
  const socket = createSocket('udp4');
  socket.bind({ fd });
  return socket;
}

async function load(): Promise<Calls | null> {
  const isKnown = process.platform === 'linux' && processors.includes(process.arch) && endianness() === 'LE';
  if (!isKnown) return null;
  try {
    return bind(await import('koffi'));
  } catch {
    return null;
  }
}

function bind({ load }: Koffi) {
  const program = load(null);
  const declare = <Arguments extends unknown[]>(definition: string) =>
    program.func(definition) as unknown as (...values: Arguments) => number;
  return {
    socket: declare<[family: number, type: number, protocol: number]>('int socket(int, int, int)'),
    setOption: declare<[fd: number, level: number, option: number, value: Uint8Array, bytes: number]>(
      'int setsockopt(int, int, int, void *, uint)',
    ),
    bind: declare<[fd: number, name: Uint8Array, bytes: number]>('int bind(int, void *, uint)'),
    close: declare<[fd: number]>('int close(int)'),
  };
}
