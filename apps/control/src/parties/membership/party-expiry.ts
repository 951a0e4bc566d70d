import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { CONFIG, type Config } from '../../config';
import { Database } from '../../database/database';

const INTERVAL_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Deletes persistent parties that nobody has come to for a long time, so that the database stays bounded. */
@Injectable()
export class PartyExpiry implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('parties');
  private timer: NodeJS.Timeout | null = null;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.tryToDelete();
    this.timer = setInterval(() => void this.tryToDelete(), INTERVAL_MS);
  }

  beforeApplicationShutdown(): void {
    if (this.timer) clearInterval(this.timer);
  }

  private async tryToDelete(): Promise<void> {
    try {
      await this.deleteForsaken(Date.now());
    } catch (error) {
      this.logger.warn({ err: error }, 'expired parties not deleted, will retry');
    }
  }

  /** Deletes parties that were empty for too long. A join at the same moment wins: the row is checked once more when it is free. */
  private async deleteForsaken(nowMs: number): Promise<void> {
    const before = new Date(nowMs - this.config.keepEmptyDays * DAY_MS);
    const { count } = await this.database.prisma.party.deleteMany({ where: { emptySince: { lt: before } } });
    if (count > 0) this.logger.log({ parties: count }, 'expired parties deleted');
  }
}
