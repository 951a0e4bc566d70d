import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { LanrageError } from '#shared/errors';
import type { PartyId } from '#shared/party/identity';
import { RequestLimits } from '../operations/request-limits';
import type { ProvePassword } from './membership';
import { PasswordTries } from './password-tries';
import { passwordMatches } from './passwords';

/** Who is at the door: what limits go by. */
export type Client = Pick<IncomingMessage, 'headers' | 'socket'>;

/** Lets through whoever knows a party's password, and few who guess. */
@Injectable()
export class PasswordGate {
  constructor(
    private readonly limits: RequestLimits,
    private readonly tries: PasswordTries,
  ) {}

  /** @returns a check that throws PASSWORD_REQUIRED, WRONG_PASSWORD or RATE_LIMITED */
  check(partyId: PartyId, password: string | undefined, client: Client): ProvePassword {
    return async (passwordHash) => {
      if (password === undefined) throw new LanrageError('PASSWORD_REQUIRED');
      await this.limits.count('passwords', client);
      const forget = await this.tries.count(partyId, this.limits.addressOf(client));
      if (!(await passwordMatches(password, passwordHash))) throw new LanrageError('WRONG_PASSWORD');
      await Promise.all([forget(), this.limits.giveBack('passwords', client)]);
    };
  }
}
