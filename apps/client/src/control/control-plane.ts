import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { partyPageSchema, type PartyPage } from '#shared/api/discovery';
import {
  partyEntrySchema,
  type AttemptCause,
  type PartyEntry,
  type PartySnapshot,
  type Presence,
} from '#shared/api/party';
import {
  serverInfoSchema,
  type createPartyRequestSchema,
  type joinPartyRequestSchema,
} from '#shared/api/rest';
import type { Endpoint } from '#shared/endpoint';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { namingFault } from '../connection/vantage';
import type { Identity } from '../identity';
import { offerOf, type Offer } from '../nat/offer';
import { surroundings } from '../network/surroundings';
import { ControlHttp, LARGEST_PARTY_BYTES, type HttpRequest } from './http';
import { ServerAddresses } from './server-addresses';
import { Signaling, type ServerEvent } from './signaling';
import { SignIn } from './sign-in';

interface ControlPlaneEvents {
  event: [ServerEvent];
  connected: [];
  disconnected: [string];
  fault: [LanrageError];
}

/** As the server reads them. */
type PartyRequest = z.input<typeof createPartyRequestSchema>;
type EntryRequest = z.input<typeof joinPartyRequestSchema>;

/** Together with a sign-in below the 10 s after which a player must know. */
const REQUEST_LIMIT_MS = 5_000;
const WAKE_LIMIT_MS = 1_000;
/** For a server that asks to wait before a party is entered. */
const PATIENCE_MS = 20_000;
const partyAnswer = { answer: partyEntrySchema, mostBytes: LARGEST_PARTY_BYTES } as const;

/**
 * The client of the control plane: REST for what the agent wants, a socket for what happens. Once signed in, each
 * operation is one request on a warm connection. Everything the server says is parsed here.
 */
export class ControlPlane extends EventEmitter<ControlPlaneEvents> {
  private readonly addresses = new ServerAddresses();
  private readonly http: ControlHttp;
  private readonly signIn: SignIn;
  private readonly signaling: Signaling;
  private renewalTimer: NodeJS.Timeout | undefined;
  private closed = false;
  private lastFault: LanrageError | null = null;

  /** @param server http(s) URL */
  constructor(server: string, identity: Identity) {
    super();
    const url = new URL(server);
    this.http = new ControlHttp(url, this.addresses);
    this.signIn = new SignIn(this.http, url, identity);
    const tokens = { token: () => this.token(), reject: (token: string) => this.signIn.reject(token) };
    this.signaling = new Signaling(url, tokens, this.addresses);
    this.signaling.on('event', (event) => this.emit('event', event));
    this.signaling.on('connected', () => {
      this.lastFault = null;
      this.emit('connected');
    });
    this.signaling.on('disconnected', (reason) => this.emit('disconnected', reason));
    this.signaling.on('fault', (error) => {
      this.lastFault = error;
      this.emit('fault', error);
    });
  }

  /** Whether the server's events arrive. */
  get connected(): boolean {
    return this.signaling.connected;
  }

  /** Why they do not, as far as that was seen since they last did. */
  get fault(): LanrageError | null {
    return this.connected ? null : this.lastFault;
  }

  /**
   * Signs in and opens the socket, which is kept open from then on, also when this first try fails.
   * @throws LanrageError
   */
  async initialize(): Promise<void> {
    this.signaling.open();
    await this.token();
  }

  /** What the server offers to everybody. @throws LanrageError */
  async serverInfo(signal = AbortSignal.timeout(REQUEST_LIMIT_MS)): Promise<Offer> {
    const request = { method: 'GET', path: '/v1/server', answer: serverInfoSchema, signal } as const;
    return offerOf(await this.http.request(request), (endpoint) => this.mayName(endpoint));
  }

  /** Whether this machine sends there on this server's word. */
  mayName(endpoint: Endpoint): boolean {
    return namingFault(endpoint, this.addresses.all, surroundings()) === null;
  }

  /** One page of the parties that their hosts have made public. @throws LanrageError */
  findParties(search = '', cursor?: string): Promise<PartyPage> {
    const signal = AbortSignal.timeout(REQUEST_LIMIT_MS);
    return this.http.request({
      method: 'GET',
      path: discoveryPath(search, cursor),
      answer: partyPageSchema,
      signal,
    });
  }

  /** Creates a party with this agent as host. @throws LanrageError */
  registerParty(body: PartyRequest): Promise<PartyEntry> {
    return this.patiently(() =>
      this.authorized({ method: 'POST', path: '/v1/parties', body, ...partyAnswer }),
    );
  }

  /** Joins, or takes the place up again that this agent has already. @throws LanrageError */
  joinParty(id: PartyId, me: EntryRequest): Promise<PartyEntry> {
    return this.patiently(() =>
      this.authorized({ method: 'POST', path: `/v1/parties/${id}/join`, body: me, ...partyAnswer }),
    );
  }

  /** Leaves; also good when not a member. @throws LanrageError */
  async leaveParty(id: PartyId): Promise<void> {
    await this.authorized({ method: 'POST', path: `/v1/parties/${id}/leave`, answer: z.unknown() });
  }

  /** Hands on the goodbye of another member. @throws LanrageError WRONG_LEAVE_TICKET … */
  async passOnGoodbye(id: PartyId, peerId: PeerId, leaveTicket: Buffer): Promise<void> {
    const body = { peerId, leaveTicket: leaveTicket.toString('base64') };
    await this.authorized({ method: 'POST', path: `/v1/parties/${id}/goodbyes`, body, answer: z.unknown() });
  }

  /** The party that this agent is in, as of now and in order with the events. @throws LanrageError */
  async currentParty(): Promise<PartySnapshot | null> {
    return (await this.signaling.request('party.get', {})).party ?? null;
  }

  /**
   * Tells the members about this agent's network; lasts as long as the connection.
   * @returns the version of the server's list of relays, undefined if it does not say @throws LanrageError
   */
  async updatePresence(presence: Presence): Promise<string | undefined> {
    return (await this.signaling.request('presence.update', presence)).relaysVersion;
  }

  /** Has the connection answer before it is needed: one that does not is replaced, so that events arrive from then on. */
  async wake(presence: Presence): Promise<void> {
    if (!this.connected) return;
    try {
      await this.signaling.request('presence.update', presence, WAKE_LIMIT_MS);
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
      if (error.code === 'CONTROL_UNAVAILABLE') this.signaling.redial();
    }
  }

  /** Asks for the next moment to look for a direct path to this member; it comes as `path.attempt`. @throws LanrageError */
  async requestAttempt(partyId: PartyId, peerId: PeerId, cause: AttemptCause): Promise<void> {
    await this.signaling.request('path.request', { partyId, peerId, cause });
  }

  /** One request in this agent's name. @throws LanrageError */
  async authorized<Schema extends z.ZodType>(
    request: Omit<HttpRequest<Schema>, 'signal' | 'token'>,
  ): Promise<z.output<Schema>> {
    const answer = await this.withToken((token) =>
      this.http.request({ ...request, token, signal: AbortSignal.timeout(REQUEST_LIMIT_MS) }),
    );
    // A server that answers requests has the socket back, too.
    if (!this.closed && !this.connected) this.signaling.open();
    return answer;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.renewalTimer);
    this.signaling.close();
    await this.http.close();
  }

  /** Waits as a busy server asks, if it is not long: the player would do no better. */
  private async patiently<Result>(operation: () => Promise<Result>): Promise<Result> {
    const giveUpAtMs = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await operation();
      } catch (error) {
        if (!(error instanceof LanrageError) || error.code !== 'RATE_LIMITED') throw error;
        const waitMs = (error.retryAfterSeconds ?? 1) * 1_000;
        if (this.closed || performance.now() + waitMs > giveUpAtMs) throw error;
        this.emit('fault', error);
        await delay(waitMs);
      }
    }
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

  private async token(): Promise<string> {
    const token = await this.signIn.token();
    this.scheduleRenewal();
    return token;
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
      // The next operation signs in anew, as the token is due.
      if (!(error instanceof LanrageError)) throw error;
      this.emit('fault', error);
    }
  }
}

export function discoveryPath(search: string, cursor: string | undefined): string {
  const query = new URLSearchParams({ ...(search && { search }), ...(cursor && { cursor }) });
  return query.size === 0 ? '/v1/parties' : `/v1/parties?${query.toString()}`;
}
