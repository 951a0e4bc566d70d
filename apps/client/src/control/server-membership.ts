import { setTimeout as delay } from 'node:timers/promises';
import { EventEmitter } from 'node:events';
import { z } from 'zod';
import { partyIdField } from '#shared/api/fields';
import { LanrageError } from '#shared/errors';
import type { PartyId } from '#shared/party/identity';
import { JsonFile } from '../home';
import { reconnectDelayMs } from './reconnection';

const recordSchema = z.object({
  partyId: partyIdField,
  /** The others have a goodbye that they hand on, now or later: it must not end another stay in the same party. */
  saidGoodbye: z.boolean().default(false),
});

/** How long a player who leaves waits for the server to hear of it. */
const PATIENCE_MS = 1_500;

interface ServerMembershipEvents {
  fault: [LanrageError];
}

/**
 * Sees to it that the server never believes this agent to be in a party that it left: remembers, also over a
 * `kill -9`, where the server may have it, and tells the server until it has heard.
 */
export class ServerMembership extends EventEmitter<ServerMembershipEvents> {
  private readonly file: JsonFile<typeof recordSchema>;
  private pausing = new AbortController();
  private owed: PartyId | undefined;
  private saidGoodbye: boolean;
  private delivery: Promise<void> | undefined;

  /** @param path the file that remembers @param leave tells the server; rejects with a LanrageError */
  constructor(
    path: string,
    private readonly leave: (id: PartyId) => Promise<void>,
  ) {
    super();
    this.file = new JsonFile(path, recordSchema);
    const record = this.file.read();
    this.owed = record?.partyId;
    this.saidGoodbye = record?.saidGoodbye ?? false;
  }

  /**
   * To be called before the server is asked to let the agent in, or as soon as the party's id is known.
   * @throws LanrageError HOME_FULL and the like
   */
  entering(id: PartyId): void {
    this.file.write({ partyId: id, saidGoodbye: false });
    this.owed = undefined;
  }

  /** The server refused: it does not have the agent in the party. */
  refused(): void {
    this.attempt(() => this.file.delete());
  }

  /**
   * Waits a moment for the server to hear that the agent left; goes on telling it after that. What cannot be written down,
   * on a disk that is full, is told all the same.
   * @param saidGoodbye whether the other members were given this stay's leave ticket
   */
  async left(id: PartyId, saidGoodbye = false): Promise<void> {
    this.attempt(() => this.file.write({ partyId: id, saidGoodbye }));
    this.owed = id;
    this.saidGoodbye = saidGoodbye;
    // Keeps the process alive for so long: what comes after leaving is still to be done.
    const patience = new AbortController();
    const waited = delay(PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => undefined);
    await Promise.race([this.deliver(), waited]).finally(() => patience.abort());
  }

  /** Begins to tell what a former run left untold. */
  resume(): void {
    void this.deliver();
  }

  /**
   * Before entering a party: the server must know that every other one was left, and so was a stay in this one of which others
   * may hand on the goodbye. @throws LanrageError
   */
  async settle(entering: PartyId | null): Promise<void> {
    const { owed } = this;
    if (owed === undefined) return;
    // A word that is under way must not end what begins now.
    if (owed === entering) await this.close();
    if (owed === entering && !this.saidGoodbye) return;
    try {
      await this.leave(owed);
    } catch (error) {
      this.owed = owed;
      this.resume();
      throw error;
    }
    this.delivered(owed);
  }

  /** Tells the server nothing more, and resolves when no word is under way; the file still remembers. */
  async close(): Promise<void> {
    this.owed = undefined;
    this.pausing.abort();
    await this.delivery;
  }

  private deliver(): Promise<void> {
    this.delivery ??= this.tellUntilHeard().finally(() => (this.delivery = undefined));
    return this.delivery;
  }

  private async tellUntilHeard(): Promise<void> {
    for (let attempt = 0; this.owed !== undefined; attempt++) {
      const id = this.owed;
      try {
        await this.leave(id);
        this.delivered(id);
      } catch (error) {
        if (!(error instanceof LanrageError)) throw error;
        this.emit('fault', error);
        if (!error.retryable) this.delivered(id);
        else await this.pause(attempt, error.retryAfterSeconds ?? 0);
      }
    }
  }

  private async pause(attempt: number, leastSeconds: number): Promise<void> {
    const delayMs = Math.max(reconnectDelayMs(attempt, Math.random()), leastSeconds * 1_000);
    this.pausing = new AbortController();
    const { signal } = this.pausing;
    await delay(delayMs, undefined, { ref: false, signal }).catch(() => undefined);
  }

  private delivered(id: PartyId): void {
    if (this.owed !== id) return;
    this.owed = undefined;
    this.attempt(() => this.file.delete());
  }

  private attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
      this.emit('fault', error);
    }
  }
}
