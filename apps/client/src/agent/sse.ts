/** Server-Sent Events (WHATWG HTML, section 9.2), as the agent tells what happens: written here, and read by command line and page. */
export interface SentEvent {
  readonly id: string;
  readonly event: string;
  /** One line. */
  readonly data: string;
}

export function formatEvent({ id, event, data }: SentEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;
}

/** Puts events together from text that comes in pieces. */
export class EventReader {
  #rest = '';

  /** @returns the events that the text completes */
  read(text: string): SentEvent[] {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.map(eventOf);
  }
}

function eventOf(block: string): SentEvent {
  const fields = block.split('\n').map((line) => {
    const colon = line.indexOf(': ');
    return [line.slice(0, colon), line.slice(colon + 2)] as const;
  });
  const { id = '', event = 'message', data = '' } = Object.fromEntries(fields) as Partial<SentEvent>;
  return { id, event, data };
}
