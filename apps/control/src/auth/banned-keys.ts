import { Injectable } from '@nestjs/common';
import { LanrageError } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';

/** The keys that may not use this server: the database's list, as admin/rulings.ts read it last. */
@Injectable()
export class BannedKeys {
  private ids: ReadonlySet<PeerId> = new Set();

  has(peerId: PeerId): boolean {
    return this.ids.has(peerId);
  }

  /** @throws LanrageError BANNED_FROM_SERVER */
  refuse(peerId: PeerId): void {
    if (this.has(peerId)) throw new LanrageError('BANNED_FROM_SERVER');
  }

  /** @returns those that were not banned before */
  replace(ids: readonly PeerId[]): PeerId[] {
    const added = ids.filter((peerId) => !this.has(peerId));
    this.ids = new Set(ids);
    return added;
  }
}
