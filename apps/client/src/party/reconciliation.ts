import { EventEmitter } from 'node:events';
import type { PartySnapshot, Presence } from '#shared/api/party';
import { LanrageError } from '#shared/errors';
import type { ControlPlane } from '../control/control-plane';
import type { ServerMembership } from '../control/server-membership';
import type { PartySession } from './party-session';

/** What a reconciliation works on: the agent's one place in a party, changed by one at a time. */
export interface Seat {
  session(): PartySession | undefined;
  /** Runs after everything that is entering or leaving a party right now. */
  inTurn(work: () => Promise<void>): Promise<void>;
  /** Gives the party a new interface, or ends it. */
  renew(session: PartySession): Promise<void>;
  /** The party is over, without the player's doing. */
  end(session: PartySession, reason: LanrageError): Promise<void>;
  presence(): Presence;
}

interface ReconciliationEvents {
  /** Something did not work and will be tried again. */
  fault: [LanrageError];
}

const RETRY_MS = 3_000;

/**
 * Makes the server and the agent agree on where the agent is. What the player wants decides: a party that the agent is
 * in is entered again when the server has let it go, and one that it is not in is left.
 */
export class Reconciliation extends EventEmitter<ReconciliationEvents> {
  private asking: Promise<void> | undefined;
  private isInDoubt = false;
  private retryTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly seat: Seat,
    private readonly control: ControlPlane,
    private readonly serverMembership: ServerMembership,
  ) {
    super();
  }

  /** The server's word: the first after every (re)connection, and the answer to a doubt. */
  async hear(party: PartySnapshot | null): Promise<void> {
    await this.orRetry(async () => {
      const session = this.seat.session();
      // At once, as the events that follow build on it.
      const hasMoved = party !== null && party.id === session?.id && (await this.adopt(session, party));
      if (hasMoved) await this.seat.inTurn(() => this.seat.renew(session));
      else if (party?.id !== session?.id) await this.seat.inTurn(() => this.settle(party, session));
    });
  }

  /** Asks the server where it has this agent, and acts on it. */
  ask(): Promise<void> {
    this.isInDoubt = true;
    this.asking ??= this.askWhileInDoubt().finally(() => (this.asking = undefined));
    return this.asking;
  }

  /** One question at a time, however many doubts the server gives rise to meanwhile. */
  private async askWhileInDoubt(): Promise<void> {
    // Without a connection the snapshot that comes with the next one does it.
    while (this.isInDoubt && this.control.connected) {
      this.isInDoubt = false;
      await this.orRetry(async () => this.hear(await this.control.currentParty()));
    }
  }

  /** @param before where the agent was when it heard the server's word */
  private async settle(party: PartySnapshot | null, before: PartySession | undefined): Promise<void> {
    const session = this.seat.session();
    // What was under way is perhaps what the server did not know yet.
    if (session !== before) void this.ask();
    else if (session) await this.rejoin(session, party);
    else if (party) await this.serverMembership.left(party.id);
  }

  private async rejoin(session: PartySession, elsewhere: PartySnapshot | null): Promise<void> {
    try {
      if (elsewhere) await this.control.leaveParty(elsewhere.id);
      // The server knows whether the host has ended the stay meanwhile.
      const { voucher } = session;
      const me = { peerName: session.self.name, presence: this.seat.presence(), voucher, resume: true };
      if (session.adopt(await this.control.joinParty(session.id, me))) await this.seat.renew(session);
    } catch (error) {
      if (!(error instanceof LanrageError) || error.retryable) throw error;
      await this.giveUp(session, error);
    }
  }

  /** Ends the party when the server says of it what cannot be true. */
  private async adopt(session: PartySession, party: PartySnapshot): Promise<boolean> {
    try {
      return session.adopt(party);
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
      await this.seat.inTurn(() => this.giveUp(session, error));
      return false;
    }
  }

  private async giveUp(session: PartySession, error: LanrageError): Promise<void> {
    if (this.seat.session() !== session) return;
    if (error.code === 'SERVER_MISBEHAVES') await this.serverMembership.left(session.id);
    else this.serverMembership.forget();
    await this.seat.end(session, error);
  }

  private async orRetry(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
      this.emit('fault', error);
      const delayMs = Math.max(RETRY_MS, (error.retryAfterSeconds ?? 0) * 1_000);
      clearTimeout(this.retryTimer);
      this.retryTimer = setTimeout(() => void this.ask(), delayMs).unref();
    }
  }
}
