import { createHash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { LanrageError } from '#shared/errors';
import { CONFIG, type Config } from '../config';
import { RequestLimits } from '../operations/request-limits';

/** Lets in the operator. An address that has tried too many wrong tokens is not let in with the right one. */
@Injectable()
export class AdminGuard implements CanActivate {
  private readonly logger = new Logger('admin');
  private readonly expected: Buffer | null;

  constructor(
    @Inject(CONFIG) { adminToken }: Config,
    private readonly limits: RequestLimits,
  ) {
    this.expected = adminToken === null ? null : digest(`Bearer ${adminToken}`);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.expected === null) throw new LanrageError('ADMINISTRATION_OFF');
    const request = context.switchToHttp().getRequest<Request>();
    // Digests are of one length, so that the time tells nothing about the token's.
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), this.expected)) {
      await this.limits.refuseIfUsedUp('adminTokens', request);
      return true;
    }
    await this.limits.count('adminTokens', request);
    this.logger.warn('a wrong admin token was refused');
    throw new LanrageError('WRONG_ADMIN_TOKEN');
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
