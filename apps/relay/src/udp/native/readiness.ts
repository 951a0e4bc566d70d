/**
 * Says when a socket that libuv does not know has something to read: one epoll(7) instance for all of them, which
 * libuv in turn polls, so they take their turn in Node's event loop, and Node's thread is the only one.
 */
import { epollEvent, type Pointer, type System, systemError } from './system';

const closeOnExec = 0o2000000;
const add = 1;
const readable = 1;
const pollHandle = 8;
/** Ports that are served before others of the event loop have their turn. */
const portsAtOnce = 64;

export class Readiness {
  readonly #system: System;
  readonly #epoll: number;
  readonly #handle: Pointer;
  readonly #callback: bigint;
  readonly #events = Buffer.alloc(portsAtOnce * epollEvent.bytes);
  readonly #readers = new Map<number, () => void>();

  /** One is enough for a process, and it stays. */
  constructor(system: System) {
    this.#system = system;
    this.#epoll = system.epollCreate(closeOnExec);
    if (this.#epoll === -1) throw systemError(system, 'epoll_create1');
    this.#handle = system.allocate(Number(system.uvHandleSize(pollHandle)));
    this.#callback = system.pollCallback(() => this.#serve());
    const result = system.uvPollInit(system.uvLoop(), this.#handle, this.#epoll);
    if (result !== 0) throw new Error(`uv_poll_init ${result}`);
  }

  /** Calls `read` whenever there is something to read, until {@link remove}. Keeps the process alive, as sockets do. */
  add(fd: number, read: () => void): void {
    const event = Buffer.alloc(epollEvent.bytes);
    event.writeUInt32LE(readable, 0);
    event.writeInt32LE(fd, epollEvent.data);
    if (this.#system.epollControl(this.#epoll, add, fd, event) === -1)
      throw systemError(this.#system, 'epoll_ctl');
    this.#readers.set(fd, read);
    if (this.#readers.size === 1) this.#system.uvPollStart(this.#handle, readable, this.#callback);
  }

  /** Right before the descriptor is closed, with which the kernel forgets it, too. */
  remove(fd: number): void {
    this.#readers.delete(fd);
    if (this.#readers.size === 0) this.#system.uvPollStop(this.#handle);
  }

  /** Called by libuv itself: an exception would be lost there, and promises would wait for the next turn. */
  #serve(): void {
    try {
      const count = this.#system.epollWait(this.#epoll, this.#events, portsAtOnce, 0);
      for (let place = 0; place < count; place++) {
        const fd = this.#events.readInt32LE(place * epollEvent.bytes + epollEvent.data);
        this.#readers.get(fd)?.();
      }
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  }
}
