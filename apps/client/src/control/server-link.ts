import { EventEmitter } from 'node:events';
import type { z } from 'zod';
import type { Endpoint } from '#shared/endpoint';
import { LanrageError } from '#shared/errors';
import { namingFault } from '../connection/vantage';
import type { Identity } from '../identity';
import { surroundings } from '../network/surroundings';
import { ControlHttp, type HttpRequest } from './http';
import { ServerAddresses } from './server-addresses';
import { Signaling } from './signaling';
import { SignIn } from './sign-in';

/** Together with a sign-in below the 10 s after which a player must know. */
export const REQUEST_LIMIT_MS = 5_000;

export type AuthorizedRequest<Schema extends z.ZodType> = Omit<HttpRequest<Schema>, 'signal' | 'token'>;

interface ServerLinkEvents {
  /** The token could not be renewed in time; the next request signs in again. */
  fault: [LanrageError];
}

/** The way to one server. What it holds, a token above all, is for that server alone. */
export class ServerLink extends EventEmitter<ServerLinkEvents> {
  readonly http: ControlHttp;
  readonly signaling: Signaling;
  private readonly addresses = new ServerAddresses();
  private readonly signIn: SignIn;
  private renewalTimer: NodeJS.Timeout | undefined;
  private closed = false;

  /** @param server http(s) URL */
  constructor(
    readonly server: string,
    identity: Identity,
  ) {
    super();
    const url = new URL(server);
    this.http = new ControlHttp(url, this.addresses);
    this.signIn = new SignIn(this.http, url, identity);
    const tokens = { token: () => this.token(), reject: (token: string) => this.signIn.reject(token) };
    this.signaling = new Signaling(url, tokens, this.addresses);
  }

  /** Whether this machine sends there on this server's word. */
  mayName(endpoint: Endpoint): boolean {
    return namingFault(endpoint, this.addresses.all, surroundings()) === null;
  }

  /** One request in the agent's name. @throws LanrageError */
  authorized<Schema extends z.ZodType>(request: AuthorizedRequest<Schema>): Promise<z.output<Schema>> {
    return this.withToken((token) =>
      this.http.request({ ...request, token, signal: AbortSignal.timeout(REQUEST_LIMIT_MS) }),
    );
  }

  /** A token that is good for a while. @throws LanrageError */
  async token(): Promise<string> {
    const token = await this.signIn.token();
    this.scheduleRenewal();
    return token;
  }

  /** Requests that are under way fail as CONTROL_UNAVAILABLE. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.renewalTimer);
    this.signaling.close();
    await this.http.close();
  }

  private async withToken<Result>(operation: (token: string) => Promise<Result>): Promise<Result> {
    const token = await this.token();
    try {
      return await operation(token);
    } catch (error) {
      if (!(error instanceof LanrageError) || error.code !== 'UNAUTHENTICATED') throw error;
      // The server has another secret now, or another clock: once more with a new token.
      this.signIn.reject(token);
      return operation(await this.token());
    }
  }

  /** In the background, so that an operation does not have to wait for it. */
  private scheduleRenewal(): void {
    clearTimeout(this.renewalTimer);
    const dueInMs = this.signIn.renewalDueInMs();
    if (dueInMs === undefined || this.closed) return;
    this.renewalTimer = setTimeout(() => void this.renew(), dueInMs).unref();
  }

  private async renew(): Promise<void> {
    try {
      await this.signIn.renew();
      this.scheduleRenewal();
    } catch (error) {
      // The next operation signs in again, as the token is due.
      if (!(error instanceof LanrageError)) throw error;
      this.emit('fault', error);
    }
  }
}
