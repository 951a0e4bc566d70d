import { setTimeout as delay } from 'node:timers/promises';
import { EventEmitter } from 'node:events';
import { z } from 'zod';
import { partyIdField } from '#shared/api/fields';
import { LanrageError } from '#shared/errors';
import type { PartyId } from '#shared/party/identity';
import { isSameServer } from '#shared/party/invite';
import { JsonFile } from '../home';
import { reconnectDelayMs } from './reconnection';

const recordSchema = z.object({
  partyId: partyIdField,
  /** Where the party is; absent: at the agent's own server, as in files of older versions. */
  server: z.url({ protocol: /^https?$/ }).optional(),
  /** The others have a goodbye that they hand on, now or later: it must not end another stay in the same party. */
  saidGoodbye: z.boolean().default(false),
});

interface Stay {
  readonly partyId: PartyId;
  readonly server: string;
  readonly saidGoodbye: boolean;
}

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
  /** The stay that is over, of whose end its server has not heard. */
  private owed: Stay | undefined;
  private delivery: Promise<void> | undefined;

  /**
   * @param path the file that remembers
   * @param server that the agent has turned to
   * @param leave tells a server; rejects with a LanrageError
   */
  constructor(
    path: string,
    private readonly server: () => string,
    private readonly leave: (id: PartyId, server: string) => Promise<void>,
  ) {
    super();
    this.file = new JsonFile(path, recordSchema);
    const record = this.file.read();
    this.owed = record && { ...record, server: record.server ?? server() };
  }

  /**
   * To be called before the server is asked to let the agent in, or as soon as the party's id is known.
   * @throws LanrageError HOME_FULL and the like
   */
  entering(id: PartyId): void {
    this.file.write({ partyId: id, server: this.server(), saidGoodbye: false });
    this.owed = undefined;
  }

  /** The server refused: it does not have the agent in the party. */
  forget(): void {
    this.tolerate(() => this.file.delete());
  }

  /**
   * Waits a moment for the server to hear that the agent left; goes on telling it after that. What cannot be written down,
   * on a disk that is full, is told all the same.
   * @param saidGoodbye whether the other members were given this stay's leave ticket
   */
  async left(id: PartyId, saidGoodbye = false): Promise<void> {
    const stay = { partyId: id, server: this.server(), saidGoodbye };
    this.tolerate(() => this.file.write(stay));
    this.owed = stay;
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
   * Before entering a party: its server must know that every other one was left, and so was a stay in this one of which others
   * may hand on the goodbye. Another server that has not heard yet finds out by itself, as the agent is gone from there.
   * @throws LanrageError
   */
  async settle(entering: PartyId | null): Promise<void> {
    const { owed } = this;
    if (owed === undefined) return;
    if (!isSameServer(owed.server, this.server())) return this.giveUp();
    // A word that is under way must not end what begins now.
    if (owed.partyId === entering) await this.close();
    if (owed.partyId === entering && !owed.saidGoodbye) return;
    try {
      await this.leave(owed.partyId, owed.server);
    } catch (error) {
      this.owed = owed;
      this.resume();
      throw error;
    }
    this.delivered(owed);
  }

  /** Tells the server nothing more, and resolves when no word is under way; the file still remembers. */
  async close(): Promise<void> {
    this.giveUp();
    await this.delivery;
  }

  private giveUp(): void {
    this.owed = undefined;
    this.pausing.abort();
  }

  private deliver(): Promise<void> {
    this.delivery ??= this.tellUntilHeard().finally(() => (this.delivery = undefined));
    return this.delivery;
  }

  private async tellUntilHeard(): Promise<void> {
    for (let attempt = 0; this.owed !== undefined; attempt++) {
      const { owed } = this;
      try {
        await this.leave(owed.partyId, owed.server);
        this.delivered(owed);
      } catch (error) {
        if (!(error instanceof LanrageError)) throw error;
        this.emit('fault', error);
        if (!error.retryable) this.delivered(owed);
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

  private delivered(stay: Stay): void {
    if (this.owed !== stay) return;
    this.owed = undefined;
    this.tolerate(() => this.file.delete());
  }

  private tolerate(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
      this.emit('fault', error);
    }
  }
}
