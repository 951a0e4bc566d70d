/** Has Node's event loop watch sockets that Node does not know, by libuv's own means. */
import type { System } from './system';

const pollHandle = 8;
const readable = 1;

export class Readiness {
  readonly #system: System;
  readonly #handleBytes: number;
  readonly #onReadable: bigint;
  readonly #onClosed: bigint;
  readonly #readers = new Map<number, () => void>();

  /** One is enough for a process, and it stays. */
  constructor(system: System) {
    this.#system = system;
    this.#handleBytes = Number(system.uvHandleSize(pollHandle));
    this.#onReadable = system.pollCallback((handle) => this.#serve(handle));
    this.#onClosed = system.closeCallback((handle) => system.free(handle));
  }

  /**
   * Calls `read` whenever there is something to read, and keeps the process alive, as sockets do.
   * @returns ends that; to be called before the descriptor is closed
   */
  watch(fd: number, read: () => void): () => void {
    const handle = this.#system.allocate(this.#handleBytes);
    const result = this.#system.uvPollInit(this.#system.uvLoop(), handle, fd);
    if (result !== 0) throw new Error(`uv_poll_init ${result}`);
    this.#readers.set(handle, read);
    this.#system.uvPollStart(handle, readable, this.#onReadable);
    return () => {
      this.#readers.delete(handle);
      this.#system.uvClose(handle, this.#onClosed);
    };
  }

  /** Called by libuv itself: an exception would be lost there, and promises would wait for the next turn. */
  #serve(handle: number): void {
    try {
      this.#readers.get(handle)?.();
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  }
}
