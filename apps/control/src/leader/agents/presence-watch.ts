import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { LONGEST_RETURN_MS } from '#shared/api/signaling';
import type { PeerId } from '#shared/party/identity';
import type { PresenceBook } from './presence';

const INTERVAL_MS = 1000;
/** Longer than any agent takes to come back, also where the time-out is shorter. */
const RETURN_MS = 1.5 * LONGEST_RETURN_MS;

/**
 * Ends the membership of peers that stay away. When a term begins, and when somebody connects after nobody was there, all
 * members have the same time to come back.
 */
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
      if (!this.stopped.signal.aborted) this.logger.error({ err: error }, 'presence watch stopped');
    });
  }

  /** Settles when nothing goes on any more. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
  }

  private async watch(): Promise<void> {
    while (!(await this.succeeds('members could not be read, will retry', () => this.expectAll())))
      await this.pause();
    for (;;) {
      await this.pause();
      await this.succeeds('silent members not removed, will retry', () => this.endSilentMemberships());
    }
  }

  private async expectAll(): Promise<void> {
    this.presence.awaitReturn(await this.allMembers(), RETURN_MS, performance.now());
  }

  private async endSilentMemberships(): Promise<void> {
    const { isAlone, silentPeers } = this.presence;
    // Everybody is gone at once: it may well be the server that is cut off, and the games go on.
    if (isAlone) return this.presence.awaitReturn(silentPeers, RETURN_MS, performance.now());
    for (const peerId of this.presence.silentFor(this.timeoutMs, performance.now())) {
      if (this.stopped.signal.aborted) return;
      // The one before may have taken a while, in which this one came back.
      if (this.presence.isSilentFor(peerId, this.timeoutMs, performance.now())) await this.timeOut(peerId);
    }
  }

  /** @returns whether it worked; it does not while the database is away */
  private async succeeds(failure: string, work: () => Promise<void>): Promise<boolean> {
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
