import { Injectable } from '@nestjs/common';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { deferred, type Deferred } from '../../util/deferred';
import { FairQueue, type Place } from './fair-queue';

/** Node computes hashes on four threads, which files and names need as well. */
const MOST_AT_ONCE = 2;
/** Less than two seconds for one lane, and five for all. */
const WAITING = { perLane: 16, total: 100 };
const RETRY_SECONDS = 2;

/** Somebody tries the password of this party. */
export const triesOf = (partyId: PartyId): Place => ({ group: 'tries', lane: partyId });
/** This peer sets the password of a party. */
export const settingOf = (peerId: PeerId): Place => ({ group: 'settings', lane: peerId });

/**
 * Whose password is computed next. A flood of tries at one party takes the turns of that party alone: others wait for one
 * hash of it at most.
 */
@Injectable()
export class PasswordTurns {
  private running = 0;
  private readonly waiting = new FairQueue<Deferred<void>>(WAITING);

  /** @throws LanrageError RATE_LIMITED when too many wait, or what `work` throws */
  async run<Result>(place: Place, work: () => Promise<Result>): Promise<Result> {
    await this.takeTurn(place);
    try {
      return await work();
    } finally {
      const next = this.waiting.take();
      if (next) next.resolve();
      else this.running -= 1;
    }
  }

  private async takeTurn(place: Place): Promise<void> {
    if (this.running < MOST_AT_ONCE) {
      this.running += 1;
      return;
    }
    const turn = deferred<void>();
    this.waiting.add(place, turn)?.reject(
      new LanrageError('RATE_LIMITED', {
        message: 'Too many passwords are being tried right now. Wait a few seconds, then try again.',
        retryAfterSeconds: RETRY_SECONDS,
      }),
    );
    await turn.promise;
  }
}
