import { setImmediate as otherWork } from 'node:timers/promises';
import type { PeerId } from '#shared/party/identity';
import { deferred, type Deferred } from '../../util/deferred';

/** How many are answered from one reading, which is about as many milliseconds old for the last of them. */
const MOST_AT_ONCE = 16;

/**
 * Answers members who ask how their party is. Those of one line take turns of several, each turn from one reading, and other
 * work is done in between. So the members of a large party can all ask at once, and nobody else waits for them.
 */
export class SnapshotTurns<Party, Snapshot> {
  private readonly lines = new Map<string, Map<PeerId, Deferred<Snapshot | null>>>();

  /**
   * @param read the parties of peers; those that are in none are missing
   * @param make the party as that member sees it
   */
  constructor(
    private readonly read: (peerIds: PeerId[]) => Promise<Map<PeerId, Party>>,
    private readonly make: (party: Party, viewer: PeerId) => Promise<Snapshot>,
  ) {}

  /** @returns the party as the peer sees it after the call; null for a peer in none */
  of(peerId: PeerId, line: string): Promise<Snapshot | null> {
    const waiting = this.lines.get(line);
    const known = waiting?.get(peerId);
    if (known) return known.promise;
    const asked = deferred<Snapshot | null>();
    if (waiting) waiting.set(peerId, asked);
    else void this.serve(line, new Map([[peerId, asked]]));
    return asked.promise;
  }

  private async serve(line: string, waiting: Map<PeerId, Deferred<Snapshot | null>>): Promise<void> {
    this.lines.set(line, waiting);
    while (waiting.size > 0) {
      const turn = [...waiting].slice(0, MOST_AT_ONCE);
      for (const [peerId] of turn) waiting.delete(peerId);
      await this.answer(new Map(turn));
    }
    this.lines.delete(line);
  }

  private async answer(turn: ReadonlyMap<PeerId, Deferred<Snapshot | null>>): Promise<void> {
    try {
      const parties = await this.read([...turn.keys()]);
      for (const [peerId, { resolve }] of turn) {
        const party = parties.get(peerId);
        resolve(party === undefined ? null : await this.make(party, peerId));
        await otherWork();
      }
    } catch (error) {
      // Those who have their answer do not hear of it.
      for (const { reject } of turn.values()) reject(error);
    }
  }
}
