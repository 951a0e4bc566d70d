/** Has Node's event loop watch sockets that Node does not know, by libuv's own means. */
import type { Pointer, System } from './system';

const pollHandle = 8;
const readable = 1;

export class Readiness {
  readonly #system: System;
  readonly #handleBytes: number;
  readonly #onReadable: bigint;
  readonly #onClosed: bigint;
  readonly #readers = new Map<Pointer, () => void>();

  /** One is enough for a process, and it stays. */
  constructor(system: System) {
    this.#system = system;
    this.#handleBytes = Number(system.uvHandleSize(pollHandle));
    this.#onReadable = system.pollCallback((handle, status) => this.#serve(handle, status));
    this.#onClosed = system.closeCallback((handle) => system.free(handle));
  }

  /**
   * Calls `read` whenever there is something to read, and keeps the process alive, as sockets do.
   * @returns ends that; to be called before the descriptor is closed
   */
  watch(fd: number, read: () => void): () => void {
    const handle = this.#system.allocate(this.#handleBytes);
    const result = this.#system.uvPollInit(this.#system.uvLoop(), handle, fd);
    if (result !== 0) {
      this.#system.free(handle);
      throw new Error(`uv_poll_init ${result}`);
    }
    this.#readers.set(handle, read);
    this.#start(handle);
    return () => {
      this.#readers.delete(handle);
      this.#system.uvClose(handle, this.#onClosed);
    };
  }

  #start(handle: Pointer): void {
    this.#system.uvPollStart(handle, readable, this.#onReadable);
  }

  /** Called by libuv itself: an exception would be lost there, and promises would wait for the next turn. */
  #serve(handle: Pointer, status: number): void {
    try {
      this.#readers.get(handle)?.();
      // libuv lets go of a socket with an error, which reading it has taken away.
      if (status < 0 && this.#readers.has(handle)) this.#start(handle);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  }
}
