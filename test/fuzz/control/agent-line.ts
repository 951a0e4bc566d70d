import type { Socket } from 'socket.io-client';
import { AgentConnection } from '../../e2e/support/control-agent';

/** One fewer than an agent may send in a second, so that however fast it goes, the limit stays out of sight. */
const MOST_EVENTS = 9;

/** A live connection of an agent, for a few events. */
export class AgentLine {
  private readonly socket: Socket;
  /** Settles when the server ended it or did not let the agent in, and when it is closed. */
  private readonly ended: Promise<'closed'>;
  private isOver = false;
  private sent = 0;
  private unanswered = 0;

  constructor(url: string, token: string) {
    const { socket } = new AgentConnection(url, token);
    this.socket = socket;
    this.ended = new Promise((resolve) => {
      const end = () => {
        this.close();
        resolve('closed');
      };
      socket.on('disconnect', end).on('connect_error', end);
    });
  }

  /** Whether it takes one more event. */
  get isUsable(): boolean {
    return !this.isOver && this.sent < MOST_EVENTS;
  }

  /** Sends an event; the last one that it takes closes it, after all are answered. */
  async ask(event: string, payload: unknown): Promise<unknown> {
    this.sent += 1;
    this.unanswered += 1;
    const answered: Promise<unknown> = this.socket.emitWithAck(event, payload);
    const answer = await Promise.race([answered, this.ended]);
    this.unanswered -= 1;
    if (!this.isUsable && this.unanswered === 0) this.close();
    return answer;
  }

  close(): void {
    this.isOver = true;
    this.socket.disconnect();
  }
}
