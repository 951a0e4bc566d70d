import type { PeerId } from '#shared/party/identity';
import { deferred, type Deferred } from '../../util/deferred';
import type { PartyRecord } from '../../model/party';

const MOST_AT_ONCE = 500;

/**
 * Finds the parties of peers, of all who ask while a query is under way by one query more: when thousands connect at the
 * same time, most of them are in a party with others.
 */
export class PartyLookup {
  private readonly asked = new Map<PeerId, Deferred<PartyRecord | null>>();
  private isRunning = false;

  /** @param find the parties of peers; those that are in none are missing */
  constructor(private readonly find: (peerIds: PeerId[]) => Promise<Map<PeerId, PartyRecord>>) {}

  /** @returns the party of a peer, as it is after the call; null when the peer is in none */
  of(peerId: PeerId): Promise<PartyRecord | null> {
    const known = this.asked.get(peerId);
    if (known) return known.promise;
    const pending = deferred<PartyRecord | null>();
    this.asked.set(peerId, pending);
    if (!this.isRunning) void this.run();
    return pending.promise;
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.asked.size > 0) {
      const batch = [...this.asked].slice(0, MOST_AT_ONCE);
      for (const [peerId] of batch) this.asked.delete(peerId);
      try {
        const parties = await this.find(batch.map(([peerId]) => peerId));
        for (const [peerId, { resolve }] of batch) resolve(parties.get(peerId) ?? null);
      } catch (error) {
        for (const [, { reject }] of batch) reject(error);
      }
    }
    this.isRunning = false;
  }
}
