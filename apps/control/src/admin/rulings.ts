import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { BannedKeys } from '../auth/banned-keys';
import { Leader } from '../leader-client/leader';
import { LocalSockets } from '../leader-client/local-sockets';
import { JoiningService } from '../parties/joining/joining.service';
import { AdminStore } from './admin.store';

const INTERVAL_MS = 1000;

/**
 * Has this node follow what is laid down in the database: at the start, at once after a change by itself, and
 * within a second after one by another node. A player who slipped in while a ban was written goes the same way.
 */
@Injectable()
export class Rulings implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('admin');
  private bansDigest = '';
  private isFailing = false;
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: AdminStore,
    private readonly bannedKeys: BannedKeys,
    private readonly parties: JoiningService,
    private readonly leader: Leader,
    private readonly sockets: LocalSockets,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.apply();
    this.watchOn();
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    await this.running.catch(() => undefined);
  }

  /** Reads the rulings, after those that are being read, and follows them. */
  apply(): Promise<void> {
    this.running = this.running.catch(() => undefined).then(() => this.follow());
    return this.running;
  }

  private watchOn(): void {
    this.timer = setTimeout(() => {
      this.apply()
        .then(
          () => (this.isFailing = false),
          (error: unknown) => this.complain(error),
        )
        .finally(() => {
          if (this.timer) this.watchOn();
        });
    }, INTERVAL_MS);
  }

  /** Once for each time that the database is away. */
  private complain(error: unknown): void {
    if (!this.isFailing)
      this.logger.warn({ err: error }, 'rulings cannot be read; the last known ones stay in force');
    this.isFailing = true;
  }

  private async follow(): Promise<void> {
    const { bansDigest, drainedRelayIds, bannedMembers } = await this.store.rulings();
    if (bansDigest !== this.bansDigest) {
      const added = this.bannedKeys.replace(await this.store.bannedIds());
      this.bansDigest = bansDigest;
      this.sockets.dismissBanned(added);
    }
    for (const { peerId, partyId } of bannedMembers) await this.parties.leave(peerId, partyId, 'banned');
    await this.leader.relays.drained({ relayIds: drainedRelayIds });
  }
}
