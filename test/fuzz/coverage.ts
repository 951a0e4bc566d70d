/** Which branches of our own code a run reached, as V8 counts them. */
import { type Profiler, Session } from 'node:inspector';

export class Coverage {
  readonly #session = new Session();
  readonly #reached = new Set<string>();

  /** @param isOurs tells by a script's URL whether its code is meant */
  constructor(private readonly isOurs: (url: string) => boolean) {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Whether anything was reached since the last call that never was before. */
  hasGrown(): boolean {
    const before = this.#reached.size;
    for (const { url, functions } of this.#take()) {
      if (this.isOurs(url)) functions.forEach((one) => this.#note(url, one));
    }
    return this.#reached.size > before;
  }

  /** Ranges of code that were reached. */
  get size(): number {
    return this.#reached.size;
  }

  close(): void {
    this.#session.disconnect();
  }

  /** The inspector of one's own thread answers before `post` returns. */
  #take(): Profiler.ScriptCoverage[] {
    let taken: Profiler.ScriptCoverage[] = [];
    this.#session.post('Profiler.takePreciseCoverage', (_error, { result }) => (taken = result));
    return taken;
  }

  #note(url: string, { ranges }: Profiler.FunctionCoverage): void {
    for (const { startOffset, endOffset, count } of ranges) {
      if (count > 0) this.#reached.add(`${url} ${startOffset} ${endOffset} ${magnitude(count)}`);
    }
  }
}

/** Once, a few times, often: a loop that turns more often is something new. */
function magnitude(count: number): number {
  return Math.min(4, Math.floor(Math.log2(count) / 2));
}
