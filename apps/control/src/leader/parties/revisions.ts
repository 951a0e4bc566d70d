import type { PartyId } from '#shared/party/identity';

/** Longer than anything that was read before a party ended can be on its way to the leader. */
const REMEMBERED_MS = 60_000;

/** The newest revision that is known of each party, and which parties ended lately. Pure; times are of one clock. */
export class Revisions {
  private readonly newest = new Map<PartyId, number>();
  /** The longest ago first. */
  private readonly ended = new Map<PartyId, number>();

  /** @returns whether nothing is known that came after this revision */
  note(id: PartyId, revision: number): boolean {
    if (this.ended.has(id)) return false;
    const newest = this.newest.get(id) ?? 0;
    if (revision > newest) this.newest.set(id, revision);
    return revision >= newest;
  }

  /** The party is over: what still arrives about it was said before its end. Ids are not used again. */
  end(id: PartyId, nowMs: number): void {
    for (const [other, atMs] of this.ended) {
      if (nowMs - atMs < REMEMBERED_MS) break;
      this.ended.delete(other);
    }
    this.newest.delete(id);
    this.ended.delete(id);
    this.ended.set(id, nowMs);
  }
}
