/** The latest events, so that a listener who was away for a moment misses none. Pure. */
import type { SentEvent } from './sse';

interface Happening {
  readonly event: string;
  readonly data: unknown;
}

const MOST_EVENTS = 256;
const MOST_CHARACTERS = 512 * 1024;

export class EventLog {
  readonly #events: SentEvent[] = [];
  #characters = 0;
  #count = 0;

  /** @param run a name that no other agent's log has */
  constructor(private readonly run: string) {}

  add(happening: Happening): SentEvent {
    this.#count += 1;
    const added = this.standing(happening);
    this.#events.push(added);
    this.#characters += added.data.length;
    while (this.#events.length > MOST_EVENTS || this.#characters > MOST_CHARACTERS)
      this.#characters -= this.#events.shift()?.data.length ?? 0;
    return added;
  }

  /** How things stand after all events so far, as an event that is told to one listener alone. */
  standing({ event, data }: Happening): SentEvent {
    return { id: `${this.run}-${this.#count}`, event, data: JSON.stringify(data) };
  }

  /** What happened after the event with this id; null when that is not known any more. */
  since(id: string): readonly SentEvent[] | null {
    const missed = this.#count - numberIn(id, this.run);
    return missed >= 0 && missed <= this.#events.length
      ? this.#events.slice(this.#events.length - missed)
      : null;
  }
}

/** NaN for what is no id of this run. */
function numberIn(id: string, run: string): number {
  return id.startsWith(`${run}-`) && /^\d{1,15}$/.test(id.slice(run.length + 1))
    ? Number(id.slice(run.length + 1))
    : NaN;
}
