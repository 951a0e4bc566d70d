/**
 * Which counters of one sender have passed, so that none passes twice: the anti-replay window of RFC 6479, for somebody who
 * cannot tell a true counter from a forged one.
 *
 * A window that slides to the highest counter would be shut by one forged message with an enormous one. So a counter that is
 * far above the others starts a *run* of its own, and all between two runs may still come:
 *
 *      passed or too late  ┌ window ┐   may still come    ┌ window ┐   may still come
 *     ─────────────────────┴────────┴─────────────────────┴────────┴─────────────────→ counter
 *                        first run                       second run
 *
 * Runs are few. When there are too many, the space above the one with the fewest messages is given up, which is a forged one
 * rather than the player's. Counters that the kernel forwarded are such a space, too: they are unknown here.
 */

/** Counters that may come out of order below the highest one of a run; a power of two. */
export const windowSize = 2048;
export const maxRuns = 8;
/** Greater counters count as this one: no session lives long enough to get there. */
const greatestCounter = Number.MAX_SAFE_INTEGER;
const bitsPerWord = 32;

class Run {
  /** Bits for the counters of the window, by their last bits: 1 while one may still come. Missing while none may. */
  open: Uint32Array | undefined;

  /** @param messages how many it is made of */
  constructor(
    readonly first: number,
    public last: number,
    public messages: number,
  ) {}
}

const none: readonly Run[] = [];

/** With the first run in it, as most windows have no other. */
export class ReplayWindow extends Run {
  /** In ascending order. */
  #others = none;

  /** @param highest this counter and all below it have passed; -1: none has */
  constructor(highest: number) {
    super(-1, Math.min(highest, greatestCounter), highest + 1);
  }

  /** Whether this counter has passed, or is so late that nobody knows. */
  has(counter: number): boolean {
    const at = Math.min(counter, greatestCounter);
    const run = this.#runOf(at);
    return at <= run.last && !isOpen(run, at);
  }

  /** Takes note of a counter that has not passed before. */
  add(counter: number): void {
    const at = Math.min(counter, greatestCounter);
    const run = this.#runOf(at);
    if (at - run.last > windowSize) return this.#start(at);
    run.messages++;
    if (at > run.last) extend(run, at);
    else setOpen(run, at, at, false);
  }

  /** The last run that begins at or before this counter. */
  #runOf(counter: number): Run {
    if (this.#others === none) return this;
    return this.#others.findLast(({ first }) => first <= counter) ?? this;
  }

  #start(counter: number): void {
    const place = this.#others.findLastIndex(({ first }) => first <= counter) + 1;
    this.#others = this.#others.toSpliced(place, 0, new Run(counter, counter, 1));
    if (this.#others.length === maxRuns) this.#join();
  }

  /** Gives up the space above the run with the fewest messages, of several the highest; that above all has no end. */
  #join(): void {
    const all = [this, ...this.#others];
    const place = all
      .slice(0, -1)
      .reduce((best, { messages }, at) => (messages <= messagesOf(all[best]) ? at : best), 0);
    const [lower, upper] = all.slice(place, place + 2);
    if (!lower || !upper) return;
    lower.last = upper.last;
    lower.messages += upper.messages;
    lower.open = upper.open;
    this.#others = this.#others.filter((run) => run !== upper);
  }
}

function messagesOf(run: Run | undefined): number {
  return run?.messages ?? 0;
}

function extend(run: Run, counter: number): void {
  if (counter > run.last + 1) setOpen(run, run.last + 1, counter - 1, true);
  setOpen(run, counter, counter, false);
  run.last = counter;
}

function isOpen({ last, open }: Run, counter: number): boolean {
  if (!open || last - counter >= windowSize) return false;
  return ((open[wordOf(counter)] ?? 0) & (1 << (counter % bitsPerWord))) !== 0;
}

/** @param until inclusive, less than a window away */
function setOpen(run: Run, from: number, until: number, isOpen: boolean): void {
  if (!run.open && !isOpen) return;
  const open = (run.open ??= new Uint32Array(windowSize / bitsPerWord));
  for (let counter = from; counter <= until;) {
    const word = wordOf(counter);
    const bit = counter % bitsPerWord;
    const bits = Math.min(bitsPerWord - bit, until - counter + 1);
    const mask = bits === bitsPerWord ? -1 : ((1 << bits) - 1) << bit;
    open[word] = isOpen ? (open[word] ?? 0) | mask : (open[word] ?? 0) & ~mask;
    counter += bits;
  }
}

function wordOf(counter: number): number {
  return Math.floor(counter / bitsPerWord) % (windowSize / bitsPerWord);
}
