import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
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
import { isSameServer } from '#shared/party/invite';
import type { Identity } from '../identity';
import { offerOf, type Offer } from '../nat/offer';
import { LARGEST_PARTY_BYTES } from './http';
import { REQUEST_LIMIT_MS, ServerLink, type AuthorizedRequest } from './server-link';
import type { ServerEvent } from './signaling';

interface ControlPlaneEvents {
  event: [ServerEvent];
  connected: [];
  disconnected: [string];
  fault: [LanrageError];
}

/** As the server reads them. */
type PartyRequest = z.input<typeof createPartyRequestSchema>;
type EntryRequest = z.input<typeof joinPartyRequestSchema>;

const WAKE_LIMIT_MS = 1_000;
/** For a server that asks to wait before a party is entered. */
const PATIENCE_MS = 20_000;
const partyAnswer = { answer: partyEntrySchema, mostBytes: LARGEST_PARTY_BYTES } as const;

/**
 * The client of the control plane: REST for what the agent wants, a socket for what happens. Once signed in, each
 * operation is one request on a warm connection. Everything the server says is parsed here. One server at a time.
 */
export class ControlPlane extends EventEmitter<ControlPlaneEvents> {
  private link: ServerLink;
  private opened = false;
  private closed = false;
  private lastFault: LanrageError | null = null;

  /** @param server http(s) URL */
  constructor(
    server: string,
    private readonly identity: Identity,
  ) {
    super();
    this.link = this.linkTo(server);
  }

  /** http(s) URL. */
  get server(): string {
    return this.link.server;
  }

  /** Whether the server's events arrive. */
  get connected(): boolean {
    return this.link.signaling.connected;
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
    this.opened = true;
    this.link.signaling.open();
    await this.link.token();
  }

  /**
   * Turns to another server, and away from this one: what is under way there is given up, as CONTROL_UNAVAILABLE.
   * @returns whether it is another one
   */
  async turnTo(server: string): Promise<boolean> {
    if (isSameServer(server, this.server)) return false;
    const before = this.link;
    before.removeAllListeners();
    before.signaling.removeAllListeners();
    this.lastFault = null;
    this.link = this.linkTo(server);
    if (this.opened && !this.closed) this.link.signaling.open();
    await before.close();
    return true;
  }

  /** What the server offers to everybody. @throws LanrageError */
  async serverInfo(signal = AbortSignal.timeout(REQUEST_LIMIT_MS)): Promise<Offer> {
    const request = { method: 'GET', path: '/v1/server', answer: serverInfoSchema, signal } as const;
    const { link } = this;
    return offerOf(await link.http.request(request), (endpoint) => link.mayName(endpoint));
  }

  /** Whether this machine sends there on this server's word. */
  mayName(endpoint: Endpoint): boolean {
    return this.link.mayName(endpoint);
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
  async leaveParty(id: PartyId, server = this.server): Promise<void> {
    await this.authorized({ method: 'POST', path: `/v1/parties/${id}/leave`, answer: z.unknown() }, server);
  }

  /** Hands on the goodbye of another member. @throws LanrageError WRONG_LEAVE_TICKET … */
  async passOnGoodbye(id: PartyId, peerId: PeerId, leaveTicket: Buffer): Promise<void> {
    const body = { peerId, leaveTicket: leaveTicket.toString('base64') };
    await this.authorized({ method: 'POST', path: `/v1/parties/${id}/goodbyes`, body, answer: z.unknown() });
  }

  /** The party that this agent is in, as of now and in order with the events. @throws LanrageError */
  async currentParty(): Promise<PartySnapshot | null> {
    return (await this.link.signaling.request('party.get', {})).party ?? null;
  }

  /**
   * Tells the members about this agent's network; lasts as long as the connection.
   * @returns the version of the server's list of relays, undefined if it does not say @throws LanrageError
   */
  async updatePresence(presence: Presence): Promise<string | undefined> {
    return (await this.link.signaling.request('presence.update', presence)).relaysVersion;
  }

  /** Has the connection answer before it is needed: one that does not is replaced, so that events arrive from then on. */
  async wake(presence: Presence): Promise<void> {
    if (!this.connected) return;
    const { signaling } = this.link;
    try {
      await signaling.request('presence.update', presence, WAKE_LIMIT_MS);
    } catch (error) {
      if (!(error instanceof LanrageError)) throw error;
      if (error.code === 'CONTROL_UNAVAILABLE') signaling.redial();
    }
  }

  /** Asks for the next moment to look for a direct path to this member; it comes as `path.attempt`. @throws LanrageError */
  async requestAttempt(partyId: PartyId, peerId: PeerId, cause: AttemptCause): Promise<void> {
    await this.link.signaling.request('path.request', { partyId, peerId, cause });
  }

  /**
   * One request in this agent's name. @param server may be another one than this agent has turned to
   * @throws LanrageError
   */
  async authorized<Schema extends z.ZodType>(
    request: AuthorizedRequest<Schema>,
    server = this.server,
  ): Promise<z.output<Schema>> {
    const { link } = this;
    if (!isSameServer(server, link.server)) return this.elsewhere(server, request);
    const answer = await link.authorized(request);
    // A server that answers requests has the socket back, too.
    if (!this.closed && link === this.link && !this.connected) link.signaling.open();
    return answer;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.link.close();
  }

  private linkTo(server: string): ServerLink {
    const link = new ServerLink(server, this.identity);
    const { signaling } = link;
    link.on('fault', (error) => this.emit('fault', error));
    signaling.on('event', (event) => this.emit('event', event));
    signaling.on('connected', () => {
      this.lastFault = null;
      this.emit('connected');
    });
    signaling.on('disconnected', (reason) => this.emit('disconnected', reason));
    signaling.on('fault', (error) => {
      this.lastFault = error;
      this.emit('fault', error);
    });
    return link;
  }

  private async elsewhere<Schema extends z.ZodType>(server: string, request: AuthorizedRequest<Schema>) {
    const link = new ServerLink(server, this.identity);
    try {
      return await link.authorized(request);
    } finally {
      await link.close();
    }
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
}
