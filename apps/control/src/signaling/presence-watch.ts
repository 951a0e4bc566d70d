import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { CONFIG, type Config } from '../config';
import { PartiesService } from '../parties/parties.service';
import { PartyStore } from '../parties/party.store';
import { PresenceBook } from './presence';

const INTERVAL_MS = 1000;

/** Ends the membership of peers that stay away. After a start, all members have the same time to come back. */
@Injectable()
export class PresenceWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('presence');
  private readonly timeoutMs: number;
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> = Promise.resolve();

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly parties: PartiesService,
    private readonly store: PartyStore,
    private readonly presence: PresenceBook,
  ) {
    this.timeoutMs = config.presenceTimeoutSeconds * 1000;
  }

  async onApplicationBootstrap(): Promise<void> {
    const nowMs = Date.now();
    for (const peerId of await this.store.allMemberIds()) this.presence.expect(peerId, nowMs);
    this.watchOn();
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    await this.running;
  }

  private watchOn(): void {
    this.timer = setTimeout(() => {
      this.running = this.endSilentMemberships()
        .catch((error: unknown) => this.logger.warn({ err: error }, 'silent members stay for now'))
        .finally(() => {
          if (this.timer) this.watchOn();
        });
    }, INTERVAL_MS);
  }

  private async endSilentMemberships(): Promise<void> {
    for (const peerId of this.presence.silentFor(this.timeoutMs, Date.now()))
      await this.parties.timeOut(peerId);
  }
}
