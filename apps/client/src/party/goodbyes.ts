import type { PartyId, PeerId } from '#shared/party/identity';
import { LanrageError } from '#shared/errors';
import type { ControlPlane } from '../control/control-plane';

/**
 * How long a goodbye waits: a leaver that reaches the server tells it itself, and of many members one is enough. They spread over
 * this time, and a member that hears from the server meanwhile that the leaver is gone has nothing to hand on any more.
 */
const WAIT_MS = { least: 1_000, most: 4_000 } as const;

/** Hands on to the server who said goodbye through the tunnel, where the leaver cannot: the server is away, or out of its reach. */
export class Goodbyes {
  private readonly tickets = new Map<PeerId, Buffer>();
  /** Whose goodbye the server refused: none of theirs is handed on again in this stay. */
  private readonly refused = new Set<PeerId>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly partyId: PartyId,
    private readonly control: Pick<ControlPlane, 'connected' | 'passOnGoodbye'>,
  ) {}

  heard(peerId: PeerId, leaveTicket: Buffer): void {
    if (this.refused.has(peerId)) return;
    this.tickets.set(peerId, leaveTicket);
    this.handOnSoon();
  }

  /** @param departed who said goodbye and is a member to the server; of all others it has heard */
  keep(departed: ReadonlySet<PeerId>): void {
    for (const peerId of this.tickets.keys()) if (!departed.has(peerId)) this.tickets.delete(peerId);
  }

  /** To be called when the server is back; while it is away, goodbyes wait for that. */
  handOnSoon(): void {
    if (this.timer || this.tickets.size === 0) return;
    const waitMs = WAIT_MS.least + Math.random() * (WAIT_MS.most - WAIT_MS.least);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.handOn();
    }, waitMs).unref();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.tickets.clear();
  }

  private async handOn(): Promise<void> {
    for (const [peerId, ticket] of this.tickets) {
      if (!this.control.connected) return;
      try {
        await this.control.passOnGoodbye(this.partyId, peerId, ticket);
        this.tickets.delete(peerId);
      } catch (error) {
        if (!(error instanceof LanrageError)) throw error;
        if (error.retryable) return this.handOnSoon();
        this.refused.add(peerId);
        this.tickets.delete(peerId);
      }
    }
  }
}
