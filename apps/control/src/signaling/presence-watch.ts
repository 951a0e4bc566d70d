import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { PeerId } from '#shared/party/identity';
import type { PresenceBook } from './presence';

const INTERVAL_MS = 1000;

/** Ends the membership of peers that stay away. When a term begins, all members have the same time to come back. */
export class PresenceWatch {
  private readonly logger = new Logger('presence');
  private readonly stopped = new AbortController();
  private running: Promise<void> = Promise.resolve();

  /** @param timeOut ends one membership */
  constructor(
    private readonly presence: PresenceBook,
    private readonly timeoutMs: number,
    private readonly allMembers: () => Promise<PeerId[]>,
    private readonly timeOut: (peerId: PeerId) => Promise<void>,
  ) {}

  start(): void {
    this.running = this.watch().catch((error: unknown) => {
      if (!this.stopped.signal.aborted)
        this.logger.error({ err: error }, 'nobody watches for silent members');
    });
  }

  /** Settles when nothing goes on any more. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  private async watch(): Promise<void> {
    while (!(await this.attempt('members are not known yet', () => this.expectAll()))) await this.pause();
    for (;;) {
      await this.pause();
      await this.attempt('silent members stay for now', () => this.endSilentMemberships());
    }
  }

  private async expectAll(): Promise<void> {
    const nowMs = Date.now();
    for (const peerId of await this.allMembers()) this.presence.expect(peerId, nowMs);
  }

  private async endSilentMemberships(): Promise<void> {
    for (const peerId of this.presence.silentFor(this.timeoutMs, Date.now())) {
      if (this.stopped.signal.aborted) return;
      // The one before may have taken a while, in which this one came back.
      if (this.presence.isSilentFor(peerId, this.timeoutMs, Date.now())) await this.timeOut(peerId);
    }
  }

  /** @returns whether it worked; it does not while the database is away */
  private async attempt(failure: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.logger.warn({ err: error }, failure);
      return false;
    }
  }

  /** Ends with an error when the watch is stopped. */
  private async pause(): Promise<void> {
    await sleep(INTERVAL_MS, undefined, { signal: this.stopped.signal });
  }
}
