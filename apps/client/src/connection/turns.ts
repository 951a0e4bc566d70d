import { EventEmitter } from 'node:events';
import { LanrageError } from '#shared/errors';

interface TurnsEvents {
  /** A piece of work is done, or has failed. */
  turn: [];
  /** It was refused; the next one is done all the same. */
  fault: [LanrageError];
}

/** Work that is done one piece after the other, and a look in between, as often as the state asks for it. */
export class Turns extends EventEmitter<TurnsEvents> {
  private queue: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private timerDueAtMs = 0;
  private running = false;

  /**
   * @param look waits for its turn as all work does
   * @param intervalMs until the next look, asked for after each turn
   */
  constructor(
    private readonly look: () => Promise<void>,
    private readonly intervalMs: (nowMs: number) => number,
  ) {
    super();
  }

  get isRunning(): boolean {
    return this.running;
  }

  /** Looks from now on; work is done before that, too. */
  start(): void {
    this.running = true;
    this.schedule();
  }

  /** Resolves when what was begun is done. */
  async stop(): Promise<void> {
    this.running = false;
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.queue;
  }

  /** Resolves when the work has had its turn, also if it was refused. */
  take(work: () => Promise<void>): Promise<void> {
    const turn = this.queue.then(work).catch((error: unknown) => {
      if (!(error instanceof LanrageError)) throw error;
      this.emit('fault', error);
    });
    this.queue = turn.finally(() => {
      this.schedule();
      this.emit('turn');
    });
    return this.queue;
  }

  /** Sets the timer for the next look, unless it is due earlier anyway. */
  private schedule(): void {
    if (!this.running) return;
    const nowMs = Date.now();
    const dueAtMs = nowMs + this.intervalMs(nowMs);
    if (this.timer && this.timerDueAtMs <= dueAtMs) return;
    clearTimeout(this.timer);
    this.timerDueAtMs = dueAtMs;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.take(this.look);
    }, dueAtMs - Date.now());
  }
}
