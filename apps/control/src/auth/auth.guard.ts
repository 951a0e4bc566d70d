import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { LanrageError } from '#shared/errors';
import { BannedKeys } from './banned-keys';
import type { Identity } from '../model/identity';
import { Tokens } from './tokens';

const bearer = /^Bearer (?<token>[\w.-]{1,2048})$/i;

/** Lets in requests that carry a token of ours, unless its key is banned, and notes whose it is. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly tokens: Tokens,
    private readonly bannedKeys: BannedKeys,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request & { identity?: Identity }>();
    const token = bearer.exec(request.headers.authorization ?? '')?.groups?.['token'];
    const identity = token === undefined ? null : this.tokens.verify(token, Date.now());
    if (!identity) throw new LanrageError('UNAUTHENTICATED');
    this.bannedKeys.refuse(identity.peerId);
    request.identity = identity;
    return true;
  }
}

/** The peer that the request's token speaks for; only behind {@link AuthGuard}. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext): Identity => {
  const { identity } = context.switchToHttp().getRequest<Request & { identity?: Identity }>();
  if (!identity) throw new Error('a route that names its caller needs the AuthGuard');
  return identity;
});
