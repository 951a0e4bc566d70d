import { RateLimiterMemory, type IRateLimiterOptions, type RateLimiterAbstract } from 'rate-limiter-flexible';
import type { Cluster, Duties, NodeId, Term } from './cluster';
import type { OneTimeStore } from './one-time';
import { OneTimeBook } from './one-time-book';

const MOST_ONE_TIME_VALUES = 10_000;

/** A server of one node: it leads from its start to its end, and all it shares is in its memory. */
export class LoneNode implements Cluster {
  readonly nodeId: NodeId = 'only';
  readonly isLed = true;
  readonly oneTime: OneTimeStore = inMemory(new OneTimeBook(MOST_ONE_TIME_VALUES));
  private duties: Duties | null = null;
  private term: Term | null = null;

  get leads(): boolean {
    return this.term !== null;
  }

  start(duties: Duties): Promise<void> {
    this.duties = duties;
    this.term = duties.lead();
    return Promise.resolve();
  }

  /** Begins at once, so that questions are begun in the order in which they were asked. */
  async askLeader(name: string, payload: object): Promise<unknown> {
    if (!this.term) throw new Error('asked before the start');
    return await this.term.serve(name, payload);
  }

  async ask(_nodeId: NodeId, name: string, payload: object): Promise<unknown> {
    return await this.duties?.serve(name, payload);
  }

  tell(_nodeId: NodeId, name: string, payload: object): void {
    this.duties?.serve(name, payload);
  }

  limiter(_name: string, options: IRateLimiterOptions): RateLimiterAbstract {
    return new RateLimiterMemory(options);
  }

  async resign(): Promise<void> {
    await this.term?.end();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function inMemory(book: OneTimeBook): OneTimeStore {
  return {
    put: (key, value, lifetimeMs) => {
      const nowMs = Date.now();
      book.put(key, value, nowMs + lifetimeMs, nowMs);
      return Promise.resolve();
    },
    take: (key) => Promise.resolve(book.take(key, Date.now())),
  };
}
