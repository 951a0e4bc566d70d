import {
  applyDecorators,
  Inject,
  Injectable,
  SetMetadata,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import type { IncomingMessage } from 'node:http';
import { RateLimiterMemory, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import { LanrageError } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';
import type { Identity } from '../model/identity';
import type { Cluster } from '../cluster/cluster';
import { CLUSTER } from '../cluster/cluster.module';
import { CONFIG, limitedActions, type Config, type LimitedAction } from '../config';
import { clientAddress, limitKey } from '../util/client-address';

const SECONDS_PER_MINUTE = 60;
/** The share of a minute's requests that may come within one second: all of them at once would make others wait. */
const BURST_SHARE = 1 / 15;
const LEAST_BURST = 100;
const LIMITED_ACTION = 'limited-action';
/** The actions of players who have signed in. */
const playersActions: ReadonlySet<LimitedAction> = new Set(['creates', 'joins']);

/** One address, such as that of a student house or of a provider's NAT, may do as much as this many players. */
const PLAYERS_OF_ADDRESS = 15;

type ClientRequest = Pick<IncomingMessage, 'headers' | 'socket'>;

/**
 * Counts this route against a limit of its own, besides the one for all requests: for the caller's key where an AuthGuard
 * came first, and for the address.
 */
export const Limited = (action: LimitedAction) =>
  applyDecorators(SetMetadata(LIMITED_ACTION, action), UseGuards(LimitGuard));

/** How much a client address, and a player, may do in a minute. */
@Injectable()
export class RequestLimits {
  private readonly ofAddress: ReadonlyMap<LimitedAction, RateLimiterAbstract>;
  private readonly ofPlayer: ReadonlyMap<LimitedAction, RateLimiterAbstract>;
  /** Counts bursts at this node alone: it is its time that they take. Null: unlimited. */
  private readonly burst: RateLimiterAbstract | null;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLUSTER) cluster: Cluster,
  ) {
    const limited = limitedActions.filter((action) => config.limits[action] > 0);
    const limiter = (name: string, points: number) =>
      cluster.limiter(name, { points, duration: SECONDS_PER_MINUTE });
    const places = (action: LimitedAction) => (playersActions.has(action) ? PLAYERS_OF_ADDRESS : 1);
    this.ofAddress = new Map(
      limited.map((action) => [action, limiter(action, places(action) * config.limits[action])]),
    );
    this.ofPlayer = new Map(
      limited
        .filter((action) => playersActions.has(action))
        .map((action) => [action, limiter(`${action} of a player`, config.limits[action])]),
    );
    const { requests } = config.limits;
    const points = Math.max(LEAST_BURST, Math.ceil(requests * BURST_SHARE));
    this.burst = requests > 0 ? new RateLimiterMemory({ points, duration: 1 }) : null;
  }

  /** Where the request came from, whatever proxies of ours stand between. */
  addressOf(request: ClientRequest): string {
    return clientAddress(request, this.config.trustedProxies);
  }

  /** Whether there is a limit at all. */
  isLimited(action: LimitedAction): boolean {
    return this.ofAddress.has(action);
  }

  /** The key by which the client's address is counted. */
  keyOf(request: ClientRequest): string {
    return limitKey(this.addressOf(request));
  }

  /** @param player who asks, where that is known @throws LanrageError RATE_LIMITED */
  async count(action: LimitedAction, request: ClientRequest, player?: PeerId): Promise<void> {
    const limiter = this.ofAddress.get(action);
    if (!limiter) return;
    const key = this.keyOf(request);
    try {
      if (action === 'requests') await this.burst?.consume(key);
      if (player !== undefined) await this.ofPlayer.get(action)?.consume(player);
      await limiter.consume(key);
    } catch (rejection) {
      if (!(rejection instanceof RateLimiterRes)) throw rejection;
      throw tooMany(rejection.msBeforeNext);
    }
  }

  /** @throws LanrageError RATE_LIMITED when one more would be too many; counts nothing */
  async refuseIfUsedUp(action: LimitedAction, request: ClientRequest): Promise<void> {
    const state = await this.ofAddress.get(action)?.get(this.keyOf(request));
    if (state && state.remainingPoints <= 0) throw tooMany(state.msBeforeNext);
  }

  /** Takes a count back. */
  async giveBack(action: LimitedAction, request: ClientRequest): Promise<void> {
    await this.ofAddress.get(action)?.reward(this.keyOf(request));
  }
}

@Injectable()
export class LimitGuard implements CanActivate {
  constructor(
    private readonly limits: RequestLimits,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const action = this.reflector.get<LimitedAction>(LIMITED_ACTION, context.getHandler());
    const request = context.switchToHttp().getRequest<Request & { identity?: Identity }>();
    await this.limits.count(action, request, request.identity?.peerId);
    return true;
  }
}

function tooMany(waitMs: number): LanrageError {
  const retryAfterSeconds = Math.ceil(waitMs / 1000);
  return new LanrageError('RATE_LIMITED', {
    message: `Too many tries. Wait ${retryAfterSeconds} s, then try again.`,
    retryAfterSeconds,
  });
}
