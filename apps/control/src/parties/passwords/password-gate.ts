import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { LanrageError } from '#shared/errors';
import type { PartyId } from '#shared/party/identity';
import { RequestLimits } from '../../operations/request-limits';
import type { ProvePassword } from '../membership/membership';
import { PasswordTries } from './password-tries';
import { PasswordTurns, triesOf } from './password-turns';
import { passwordMatches } from './passwords';

/** Who is at the door: what limits go by. */
export type Client = Pick<IncomingMessage, 'headers' | 'socket'>;

/** Lets through players who know a party's password, and few who guess. */
@Injectable()
export class PasswordGate {
  constructor(
    private readonly limits: RequestLimits,
    private readonly tries: PasswordTries,
    private readonly turns: PasswordTurns,
  ) {}

  /**
   * Lets nobody try one invite after another: wrong ones count like wrong passwords of this address.
   * @throws LanrageError RATE_LIMITED, or what `enter` throws
   */
  async countWrongInvites<Result>(client: Client, enter: () => Promise<Result>): Promise<Result> {
    await this.limits.refuseIfUsedUp('passwords', client);
    try {
      return await enter();
    } catch (error) {
      if (error instanceof LanrageError && error.code === 'INVITE_EXPIRED')
        await this.limits.count('passwords', client);
      throw error;
    }
  }

  /** @returns a check that throws PASSWORD_REQUIRED, WRONG_PASSWORD or RATE_LIMITED */
  check(partyId: PartyId, password: string | undefined, client: Client): ProvePassword {
    return async (passwordHash) => {
      if (password === undefined) throw new LanrageError('PASSWORD_REQUIRED');
      await this.limits.count('passwords', client);
      const forget = await this.tries.count(partyId, this.limits.addressOf(client));
      let isWrong = false;
      try {
        isWrong = !(await this.turns.run(triesOf(partyId), () => passwordMatches(password, passwordHash)));
      } finally {
        // Neither a right one nor one that was not looked at.
        if (!isWrong) await Promise.all([forget(), this.limits.giveBack('passwords', client)]);
      }
      if (isWrong) throw new LanrageError('WRONG_PASSWORD');
    };
  }
}
