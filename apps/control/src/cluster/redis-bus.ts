import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { LanrageError } from '#shared/errors';
import type { NodeId } from './cluster';
import { errorFromWire, errorToWire, NotLeading, type Addressee, type NodeMessage } from './wire';

interface Pending {
  readonly of: NodeId;
  readonly to: Addressee;
  readonly settle: (outcome: { value: unknown } | { error: Error }) => void;
}

export interface BusListener {
  /** @throws NotLeading for a question to the leader that this node is not */
  asked(to: Addressee, name: string, payload: unknown): unknown;
  told(term: number, name: string, payload: unknown): void;
  /** Another node says that something about the leadership has changed. */
  alerted(): void;
  /** Messages may have been lost. */
  interrupted(): void;
  /** No messages arrive any more, until {@link interrupted}. */
  deaf(): void;
}

/** Messages between nodes through Redis, in order, and lost with the connection: a node that needs an answer waits for it. */
export class RedisBus {
  private readonly logger = new Logger('cluster');
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private listening = false;

  /** @param subscriber a connection of its own, not connected yet */
  constructor(
    private readonly commands: Redis,
    private readonly subscriber: Redis,
    private readonly prefix: string,
    private readonly nodeId: NodeId,
    private readonly listener: BusListener,
  ) {}

  /** Settles when messages arrive here. */
  async start(): Promise<void> {
    this.subscriber.on('message', (channel: string, text: string) => {
      try {
        this.receive(channel, text);
      } catch (error) {
        this.logger.error({ err: error }, 'message of another node not understood'); // of another version
      }
    });
    await this.subscriber.connect();
    await this.subscribe();
    this.subscriber.on('close', () => {
      this.listening = false;
      this.listener.deaf();
    });
    this.subscriber.on('ready', () => {
      this.subscribe().then(
        () => this.listener.interrupted(),
        (error: unknown) => {
          this.logger.warn({ err: error }, 'not subscribed');
          this.subscriber.disconnect(true); // and tries again
        },
      );
    });
  }

  /** Whether messages arrive. */
  get isListening(): boolean {
    return this.listening;
  }

  /** @throws LanrageError CONTROL_UNAVAILABLE without an answer in time, NotLeading, or what the other node refuses with */
  ask(of: NodeId, to: Addressee, name: string, payload: object, timeoutMs: number): Promise<unknown> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      const settle: Pending['settle'] = (outcome) => {
        clearTimeout(timer);
        this.pending.delete(id);
        if ('error' in outcome) reject(outcome.error);
        else resolve(outcome.value);
      };
      const timer = setTimeout(() => settle({ error: new LanrageError('CONTROL_UNAVAILABLE') }), timeoutMs);
      this.pending.set(id, { of, to, settle });
      this.post(of, { kind: 'ask', id, from: this.nodeId, to, name, payload });
    });
  }

  tell(nodeId: NodeId, term: number, name: string, payload: object): void {
    this.post(nodeId, { kind: 'tell', term, name, payload });
  }

  /** Has all nodes look who leads. */
  alert(): void {
    this.publish(this.everybody, '{}');
  }

  /** Nobody waits any longer for what this node was asked as the leader. */
  giveUpOn(leader: NodeId): void {
    for (const { of, to, settle } of [...this.pending.values()]) {
      if (of === leader && to === 'leader') settle({ error: new NotLeading() });
    }
  }

  close(): void {
    for (const { settle } of [...this.pending.values()])
      settle({ error: new LanrageError('CONTROL_UNAVAILABLE') });
    this.subscriber.disconnect();
  }

  private async subscribe(): Promise<void> {
    await this.subscriber.subscribe(this.channelOf(this.nodeId), this.everybody);
    this.listening = true;
  }

  private receive(channel: string, text: string): void {
    if (channel === this.everybody) return this.listener.alerted();
    const message = JSON.parse(text) as NodeMessage;
    switch (message.kind) {
      case 'ask':
        return this.answer(message);
      case 'answer':
        return this.pending.get(message.id)?.settle({ value: message.value });
      case 'refusal':
        return this.pending.get(message.id)?.settle({ error: errorFromWire(message.error) });
      case 'tell':
        return this.listener.told(message.term, message.name, message.payload);
    }
  }

  /** Begins at once, so that questions are begun in the order in which they were asked. */
  private answer({ id, from, to, name, payload }: NodeMessage & { kind: 'ask' }): void {
    const begun = new Promise((resolve) => resolve(this.listener.asked(to, name, payload)));
    begun.then(
      (value) => this.post(from, { kind: 'answer', id, value }),
      (error: unknown) => {
        const refusal = errorToWire(error);
        if (refusal.code === 'INTERNAL') this.logger.error({ err: error, name }, 'question not answered');
        this.post(from, { kind: 'refusal', id, error: refusal });
      },
    );
  }

  private post(nodeId: NodeId, message: NodeMessage): void {
    this.publish(this.channelOf(nodeId), JSON.stringify(message));
  }

  private publish(channel: string, text: string): void {
    this.commands.publish(channel, text).catch((error: unknown) => {
      this.logger.debug({ err: error }, 'message to another node lost');
    });
  }

  private channelOf(nodeId: NodeId): string {
    return `${this.prefix}node:${nodeId}`;
  }

  private get everybody(): string {
    return `${this.prefix}nodes`;
  }
}
