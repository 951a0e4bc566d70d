/** An agent as the control plane sees one: a key pair, requests, and a live connection. Checks all it gets by schema. */
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { io, type Socket } from 'socket.io-client';
import type { z } from 'zod';
import { partySnapshotSchema, type PartySnapshot } from '#shared/api/party';
import {
  challengeSchema,
  errorBodySchema,
  tokenGrantSchema,
  type createPartyRequestSchema,
  type ErrorBody,
} from '#shared/api/rest';
import {
  acknowledgementSchema,
  AGENT_NAMESPACE,
  agentEventSchemas,
  type Acknowledgement,
  type AgentEventName,
  type AgentEvents,
} from '#shared/api/signaling';
import { computeProof, publicKeyOf, sharedSecret } from '#shared/auth/proof';
import { peerIdOf, type PeerId } from '#shared/party/identity';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export async function send(
  url: string,
  method: string,
  path: string,
  options: RequestInit = {},
): Promise<Answer> {
  const response = await fetch(new URL(path, url), { method, ...options });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}

export function postJson(url: string, path: string, body: unknown, token?: string): Promise<Answer> {
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return send(url, 'POST', path, {
    headers: { 'Content-Type': 'application/json', ...authorization },
    body: JSON.stringify(body),
  });
}

/** What an answer refuses with; fails the test when it does not refuse. */
export function refusal({ status, body }: Answer): { status: number } & ErrorBody['error'] {
  return { status, ...errorBodySchema.parse(body).error };
}

/** `done`, or the code of the refusal. */
export function codeOf(answer: Answer): string {
  return answer.status < 300 ? 'done' : refusal(answer).code;
}

export interface Challenge {
  readonly challengeId: string;
  readonly proof: string;
}

export class TestAgent {
  readonly publicKey: string;
  readonly peerId: PeerId;
  token = '';

  constructor(
    readonly url: string,
    readonly name = 'Alice',
    private readonly privateKey = randomBytes(32),
  ) {
    this.publicKey = publicKeyOf(privateKey);
    this.peerId = peerIdOf(this.publicKey);
  }

  static async signIn(url: string, name?: string): Promise<TestAgent> {
    const agent = new TestAgent(url, name);
    await agent.signIn();
    return agent;
  }

  async signIn(): Promise<void> {
    const answer = await postJson(this.url, '/v1/auth/token', await this.answerChallenge());
    this.token = tokenGrantSchema.parse(answer.body).token;
  }

  /** Asks for a challenge and computes the proof, for `serverName` or for the server that is really talked to. */
  async answerChallenge(serverName = new URL(this.url).host): Promise<Challenge> {
    const answer = await postJson(this.url, '/v1/auth/challenge', { publicKey: this.publicKey });
    return this.answer(challengeSchema.parse(answer.body), serverName);
  }

  /** Proves possession of the key to the server that made the challenge, or passed it on. */
  answer(
    { challengeId, nonce, serverPublicKey }: z.output<typeof challengeSchema>,
    serverName: string,
  ): Challenge {
    const secret = sharedSecret(this.privateKey, serverPublicKey);
    const proof = computeProof(secret, {
      challengeId,
      nonce,
      agentPublicKey: this.publicKey,
      serverPublicKey,
      serverName,
    });
    return { challengeId, proof: proof.toString('base64') };
  }

  tryCreate(request: Partial<z.input<typeof createPartyRequestSchema>> = {}): Promise<Answer> {
    return postJson(this.url, '/v1/parties', { name: 'LAN', peerName: this.name, ...request }, this.token);
  }

  tryJoin(partyId: string, peerName = this.name, more: object = {}): Promise<Answer> {
    return postJson(this.url, `/v1/parties/${partyId}/join`, { peerName, ...more }, this.token);
  }

  tryGet(partyId: string): Promise<Answer> {
    const headers = { Authorization: `Bearer ${this.token}` };
    return send(this.url, 'GET', `/v1/parties/${partyId}`, { headers });
  }

  /** One request about a party, with this agent's token. */
  ask(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
    return send(this.url, method, `/v1/parties/${path}`, {
      headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
  }

  async create(request: Partial<z.input<typeof createPartyRequestSchema>> = {}): Promise<PartySnapshot> {
    return snapshotOf(await this.tryCreate(request), 201);
  }

  async join(partyId: string, peerName?: string): Promise<PartySnapshot> {
    return snapshotOf(await this.tryJoin(partyId, peerName), 200);
  }

  async get(partyId: string): Promise<PartySnapshot> {
    return snapshotOf(await this.tryGet(partyId), 200);
  }

  leave(partyId: string): Promise<Answer> {
    return postJson(this.url, `/v1/parties/${partyId}/leave`, {}, this.token);
  }

  /** Connects, and waits for the snapshot that comes first. */
  async connect(): Promise<AgentConnection> {
    const connection = new AgentConnection(this.url, this.token);
    connection.first = await connection.next('party.snapshot');
    return connection;
  }
}

function snapshotOf(answer: Answer, status: number): PartySnapshot {
  if (answer.status !== status) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return partySnapshotSchema.parse(answer.body);
}

export class AgentConnection {
  readonly socket: Socket;
  first: AgentEvents['party.snapshot'] = { party: null };
  private readonly received: { event: string; payload: unknown }[] = [];
  private readonly arrivals = new EventEmitter();

  constructor(url: string, token: string) {
    this.socket = io(new URL(AGENT_NAMESPACE, url).href, {
      auth: { token },
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
    });
    this.socket.onAny((event: string, payload: unknown) => {
      this.received.push({ event, payload });
      this.arrivals.emit('arrival');
    });
  }

  /** The next event of this name that has not been asked for yet; others stay for later. */
  async next<Name extends AgentEventName>(event: Name, timeoutMs = 10_000): Promise<AgentEvents[Name]> {
    for (;;) {
      const index = this.received.findIndex((arrival) => arrival.event === event);
      const [arrival] = index < 0 ? [] : this.received.splice(index, 1);
      if (arrival) return agentEventSchemas[event].parse(arrival.payload) as AgentEvents[Name];
      await once(this.arrivals, 'arrival', { signal: AbortSignal.timeout(timeoutMs) });
    }
  }

  /** The numbered changes that have not been asked for yet, in the order in which they came. */
  takeChanges(): { revision: number }[] {
    const numbered = new Set(['member.joined', 'member.left', 'party.changed']);
    const isChange = ({ event }: { event: string }) => numbered.has(event);
    const changes = this.received.filter(isChange);
    this.received.splice(0, this.received.length, ...this.received.filter((arrival) => !isChange(arrival)));
    return changes.map(({ payload }) => payload as { revision: number });
  }

  /** What came until now is of no interest. */
  forget(): void {
    this.received.length = 0;
  }

  /** The names of the events that came and were not asked for. */
  get unread(): string[] {
    return this.received.map(({ event }) => event);
  }

  async ask(event: string, payload: unknown): Promise<Acknowledgement> {
    const answer: unknown = await this.socket.timeout(5000).emitWithAck(event, payload);
    return acknowledgementSchema.parse(answer);
  }

  close(): void {
    this.socket.disconnect();
  }
}
