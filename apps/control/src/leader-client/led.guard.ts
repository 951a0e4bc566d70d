import { Injectable, type CanActivate } from '@nestjs/common';
import { Leader } from './leader';

/** Rejects requests while there is no leader, because nobody could be told of what they change. */
@Injectable()
export class LedGuard implements CanActivate {
  constructor(private readonly leader: Leader) {}

  canActivate(): boolean {
    this.leader.assertPresent();
    return true;
  }
}
