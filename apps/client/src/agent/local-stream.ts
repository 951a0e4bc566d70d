import type { ServerResponse } from 'node:http';
import { LanrageError } from '#shared/errors';
import type { AgentEvent } from './agent-events';

/** Begins to tell a listener what happens. @returns how to stop */
export type Follow = (listener: (event: AgentEvent) => void) => () => void;

const MOST_LISTENERS = 32;
/** A listener with more unread bytes than this is disconnected: a few times the largest value of the shared state. */
const MOST_UNREAD_BYTES = 1024 * 1024;

/** Those who listen at the agent, each by an answer that does not end. */
export class LocalStreams {
  private readonly responses = new Set<ServerResponse>();

  constructor(private readonly follow: Follow) {}

  /** Writes a line of JSON for each event, until the listener goes. @throws LanrageError TOO_MANY_LISTENERS */
  open(response: ServerResponse): void {
    if (this.responses.size >= MOST_LISTENERS) throw new LanrageError('TOO_MANY_LISTENERS');
    this.responses.add(response);
    response.writeHead(200, { 'content-type': 'application/x-ndjson', connection: 'close' });
    const stop = this.follow((event) => {
      if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
      else response.write(`${JSON.stringify(event)}\n`);
    });
    response.on('close', () => {
      stop();
      this.responses.delete(response);
    });
  }

  /** Nobody who does not read keeps the agent from ending. */
  close(): void {
    for (const response of this.responses) {
      if (response.writableLength === 0) response.end();
      else response.destroy();
    }
  }
}
