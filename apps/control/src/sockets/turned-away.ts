import { Injectable, Logger } from '@nestjs/common';
import { Metrics } from '../operations/metrics';
import type { Violation } from './conversation';
import { OnceAWhile } from './once-a-while';

/** Why a connection was closed, or not taken. */
export type TurnedAwayFor =
  | Violation
  | 'too many connections of the address'
  | 'too many handshakes of the address'
  | 'too much from the address'
  | 'not signed in'
  | 'does not read'
  | 'wrong path';

const LOG_INTERVAL_MS = 60_000;
/** Addresses that are logged in one interval. */
const MOST_LOGGED = 100;

/** Counts the connections that were closed for what they did; the log has one line for each address and minute. */
@Injectable()
export class TurnedAway {
  private readonly logger = new Logger('sockets');
  private readonly logged = new OnceAWhile(LOG_INTERVAL_MS, MOST_LOGGED);
  private readonly count: (reason: TurnedAwayFor) => void;

  constructor(metrics: Metrics) {
    this.count = metrics.counter(
      'lanrage_sockets_turned_away_total',
      'Connections that were closed for what they did, or not taken',
      'reason',
    );
  }

  note(reason: TurnedAwayFor, address: string): void {
    this.count(reason);
    if (!this.logged.isDue(address, performance.now())) return;
    this.logger.warn({ reason }, 'a connection was turned away; more of the same address are only counted');
    this.logger.debug({ reason, address }, 'turned away');
  }
}
