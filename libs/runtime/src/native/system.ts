/**
 * The system calls, and the functions of the libuv in Node, that LANrage needs and Node does not offer, by koffi (a foreign
 * function interface). For Linux on 64-bit little-endian processors, whose constants and structures are the same. Results are as in
 * C: -1 for a failure of the system's, which `errno` explains, and a negative number for one of libuv's.
 */
import { createRequire } from 'node:module';
import { constants, endianness } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { isMainThread } from 'node:worker_threads';

type Koffi = typeof import('koffi');
export type System = ReturnType<typeof bind>;
/** An address in memory; those of programs have 47 bits. */
export type Pointer = number;

const processors = ['x64', 'arm64', 'riscv64'];
/** The flag of a call that shall not block. */
export const dontWait = 0x40;
const uvMajorVersion = 1;

let loaded: Promise<System | string> | undefined;

/** @returns the functions, or why they cannot be had */
export function loadSystem(): Promise<System | string> {
  return (loaded ??= Promise.resolve(load()));
}

/** What a system call said at its last failure. */
export function systemError(system: System, call: string): NodeJS.ErrnoException {
  const errno = system.errno();
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${call} ${code}`), { code, errno: -errno, syscall: call });
}

function load(): System | string {
  if (process.platform !== 'linux') return 'needs Linux';
  if (!processors.includes(process.arch) || endianness() !== 'LE') return `not for ${process.arch}`;
  if (!isMainThread) return 'needs the main thread, whose event loop can be found';
  try {
    // Commands run code that V8 has kept (bin/load-program.mjs), and that can require, but not import.
    const system = bind(createRequire(__filename)('koffi') as Koffi);
    return whyUseless(system) ?? system;
  } catch (error) {
    return (error as Error).message;
  }
}

function bind({ load, proto, pointer, register, errno, address }: Koffi) {
  const program = load(null);
  const declare = <Arguments extends unknown[], Result = number>(definition: string) =>
    program.func(definition) as unknown as (...values: Arguments) => Result;
  const pollCallback = pointer(proto('void', ['uintptr_t', 'int', 'int']));
  const closeCallback = pointer(proto('void', ['uintptr_t']));
  return {
    errno: () => errno(),
    /** The address of the first byte. */
    addressOf: (buffer: Uint8Array) => address(buffer),
    socket: declare<[family: number, type: number, protocol: number]>('int socket(int, int, int)'),
    setOption: declare<[fd: number, level: number, option: number, value: Uint8Array, bytes: number]>(
      'int setsockopt(int, int, int, void *, uint)',
    ),
    bind: declare<[fd: number, name: Uint8Array, bytes: number]>('int bind(int, void *, uint)'),
    nameOf: declare<[fd: number, name: Uint8Array, bytes: Uint8Array]>(
      'int getsockname(int, void *, void *)',
    ),
    close: declare<[fd: number]>('int close(int)'),
    /** One packet; its length, -1 for none. */
    receive: declare<[fd: number, buffer: Uint8Array, bytes: number, flags: number]>(
      'int64_t recv(int, void *, size_t, int)',
    ),
    receiveMany: declare<[fd: number, headers: Uint8Array, count: number, flags: number, timeout: null]>(
      'int recvmmsg(int, void *, uint, int, void *)',
    ),
    bpf: declare<[number: number, command: number, attributes: Uint8Array, bytes: number]>(
      'int64_t syscall(int64_t, int, void *, uint)',
    ),
    sendMany: declare<[fd: number, headers: Uint8Array, count: number, flags: number]>(
      'int sendmmsg(int, void *, uint, int)',
    ),
    getCapabilities: declare<[header: Uint8Array, sets: Uint8Array]>('int capget(void *, void *)'),
    setCapabilities: declare<[header: Uint8Array, sets: Uint8Array]>('int capset(void *, void *)'),
    uvVersion: declare<[]>('uint uv_version()'),
    uvLoop: declare('uintptr_t uv_default_loop()'),
    uvHandleSize: declare<[type: number]>('size_t uv_handle_size(int)'),
    uvPollInit: declare<[loop: Pointer, handle: Pointer, fd: number]>(
      'int uv_poll_init(uintptr_t, uintptr_t, int)',
    ),
    uvPollStart: declare<[handle: Pointer, events: number, callback: bigint]>(
      'int uv_poll_start(uintptr_t, int, uintptr_t)',
    ),
    uvClose: declare<[handle: Pointer, callback: bigint]>('void uv_close(uintptr_t, uintptr_t)'),
    /** Bytes at an address that does not change. */
    allocate: declare<[bytes: number], Pointer>('uintptr_t malloc(size_t)'),
    free: declare<[memory: Pointer], void>('void free(uintptr_t)'),
    pollCallback: (callback: (handle: Pointer, status: number) => void) => register(callback, pollCallback),
    closeCallback: (callback: (handle: Pointer) => void) => register(callback, closeCallback),
  };
}

/** Not every system lets every program have all calls. */
function whyUseless(system: System): string | undefined {
  if (system.uvVersion() >> 16 !== uvMajorVersion) return 'made for another libuv';
  const nothing = new Uint8Array(64);
  const isThere = (result: number) => result === -1 && system.errno() === constants.errno.EBADF;
  const areThere =
    isThere(system.receiveMany(-1, nothing, 1, 0, null)) && isThere(system.sendMany(-1, nothing, 1, 0));
  return areThere ? undefined : 'the system offers no recvmmsg or sendmmsg';
}
