import type { ServerResponse } from 'node:http';
import { LanrageError } from '#shared/errors';
import { formatEvent, type SentEvent } from './sse';

/** What those who listen get. */
export interface EventSource {
  /** How things stand now. */
  standing(): SentEvent;
  /** What happened after the event with this id; null when that is not known any more. */
  since(id: string): readonly SentEvent[] | null;
  /** @returns how to stop */
  listen(listener: (event: SentEvent) => void): () => void;
}

const MOST_LISTENERS = 32;
/** A listener with more unread bytes than this is disconnected: a few times the largest value of the shared state. */
const MOST_UNREAD_BYTES = 1024 * 1024;

/** Those who listen at the agent, each by an answer that does not end, and those who wait for a change. */
export class LocalStreams {
  private readonly responses = new Set<ServerResponse>();
  private waiting = 0;

  constructor(private readonly source: EventSource) {}

  /**
   * Sends each event, until the listener goes: first what it missed since the event with `lastId`, or how things stand.
   * @throws LanrageError TOO_MANY_LISTENERS
   */
  open(response: ServerResponse, lastId: string | undefined): void {
    this.refuseTooMany();
    this.responses.add(response);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const first = (lastId === undefined ? null : this.source.since(lastId)) ?? [this.source.standing()];
    const send = (event: SentEvent) => {
      if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
      else response.write(formatEvent(event));
    };
    response.flushHeaders();
    first.forEach(send);
    const stop = this.source.listen(send);
    response.on('close', () => {
      stop();
      this.responses.delete(response);
    });
  }

  /** Lets somebody wait, who counts as a listener meanwhile. @throws LanrageError TOO_MANY_LISTENERS */
  async wait<Result>(work: () => Promise<Result>): Promise<Result> {
    this.refuseTooMany();
    this.waiting += 1;
    try {
      return await work();
    } finally {
      this.waiting -= 1;
    }
  }

  /** Nobody who does not read keeps the agent from ending. */
  close(): void {
    for (const response of this.responses) {
      if (response.writableLength === 0) response.end();
      else response.destroy();
    }
  }

  private refuseTooMany(): void {
    if (this.responses.size + this.waiting >= MOST_LISTENERS) throw new LanrageError('TOO_MANY_LISTENERS');
  }
}
