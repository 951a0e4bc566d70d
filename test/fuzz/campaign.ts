/** The search itself, for any kind of input: keep what reaches new code, change that, and shorten what breaks a promise. */
import type { Random } from './random';

export interface Subject<Input> {
  readonly name: string;
  readonly make: (random: Random) => Input;
  readonly change: (input: Input, other: Input, random: Random) => Input;
  /** @throws Error when a promise is broken */
  readonly run: (input: Input) => void;
  /** Smaller inputs to try instead, the smallest first. */
  readonly shorten: (input: Input) => Iterable<Input>;
}

export interface Failure<Input> {
  readonly input: Input;
  readonly reason: string;
}

/** Whether the run since the last call reached something new. */
export type Novelty = () => boolean;

export class Campaign<Input> {
  readonly #kept: Input[] = [];
  runs = 0;

  constructor(
    private readonly subject: Subject<Input>,
    private readonly random: Random,
    private readonly isNew: Novelty,
  ) {}

  get kept(): number {
    return this.#kept.length;
  }

  /** One run; gives the shortest input that fails like it, if it failed. */
  step(): Failure<Input> | undefined {
    const input = this.#next();
    const reason = failureOf(this.subject, input);
    this.runs++;
    if (reason !== undefined) return shortest(this.subject, { input, reason });
    if (this.isNew()) this.#kept.push(input);
    return undefined;
  }

  #next(): Input {
    const { subject, random } = this;
    const [one, other] = [this.#pick(), this.#pick()];
    return one && other && random.chance(90) ? subject.change(one, other, random) : subject.make(random);
  }

  #pick(): Input | undefined {
    return this.#kept[this.random.below(Math.max(1, this.#kept.length))];
  }
}

/** Why the input fails; undefined when it does not. */
export function failureOf<Input>({ run }: Subject<Input>, input: Input): string | undefined {
  try {
    run(input);
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

function shortest<Input>(subject: Subject<Input>, failure: Failure<Input>): Failure<Input> {
  for (const input of subject.shorten(failure.input)) {
    const reason = failureOf(subject, input);
    if (reason !== undefined) return shortest(subject, { input, reason });
  }
  return failure;
}

/** Lists with parts left out, the biggest parts first. */
export function* withoutParts<T>(list: readonly T[]): Generator<T[]> {
  for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < list.length; at += size) {
      if (size < list.length) yield [...list.slice(0, at), ...list.slice(at + size)];
    }
  }
}
