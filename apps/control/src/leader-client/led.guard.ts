import { Injectable, type CanActivate } from '@nestjs/common';
import { Leader } from './leader';

/** Turns requests down while no node leads, before they change what could be told to nobody. */
@Injectable()
export class LedGuard implements CanActivate {
  constructor(private readonly leader: Leader) {}

  canActivate(): boolean {
    this.leader.assertPresent();
    return true;
  }
}
