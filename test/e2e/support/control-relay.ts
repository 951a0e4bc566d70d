/** A relay that speaks the link and relays nothing. */
import { EventEmitter, once } from 'node:events';
import { io, type Socket } from 'socket.io-client';
import {
  announceAnswerSchema,
  CONTROL_PROOF_EVENT,
  RELAY_NAMESPACE,
  relayCommandSchemas,
  type AnnouncedRelay,
  type OpenAnswer,
  type OpenPair,
} from '#shared/api/relay-link';
import { prepareHandshake, type PreparedHandshake, type SignInOptions } from './relay-sign-in';
import { RELAY_SECRET } from './settings';

export interface TestRelayOptions extends Partial<AnnouncedRelay>, Partial<SignInOptions> {
  /** Added to what is sent to be let in, in place of what is right. */
  readonly handshake?: object;
  /** Headers of the request that the connection begins with. */
  readonly headers?: Record<string, string>;
}

export class TestRelay extends EventEmitter<{ opened: []; closed: [] }> {
  readonly socket: Socket;
  readonly open = new Map<string, OpenPair>();
  /** While true, commands to open stay without an answer. */
  mute = false;
  /** While true, it has no port for any pair. */
  isFull = false;
  /** Whether the control plane has shown that it holds the secret. */
  isControlProven = false;
  private prepared: PreparedHandshake | null = null;
  private unanswered: (() => void)[] = [];
  private nextPort = 40_000;

  constructor(url: string, options: TestRelayOptions = {}) {
    super();
    const { secret = RELAY_SECRET, serverName, handshake = {}, headers = {}, ...announced } = options;
    const relay = {
      relayId: 'relay-1',
      region: 'local',
      publicAddress: '192.0.2.1',
      ports: { first: 40_000, last: 49_999 },
      // Port 9, discard: nobody answers the control plane there.
      stunEndpoints: ['127.0.0.1:9'],
      capacityPairs: 100,
      draining: false,
      ...announced,
    } as AnnouncedRelay;
    const signIn = async () => {
      this.prepared = await prepareHandshake(url, relay, { secret, ...(serverName && { serverName }) });
      return { ...this.prepared.handshake, ...handshake };
    };
    this.socket = io(new URL(RELAY_NAMESPACE, url).href, {
      auth: (send) => void signIn().then(send, () => this.socket.io.engine.close()),
      extraHeaders: headers,
      autoConnect: false,
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
    });
    this.socket.on(CONTROL_PROOF_EVENT, (proof: unknown) => {
      this.isControlProven = this.prepared?.isAnswer(proof) ?? false;
    });
    for (const event of ['relays.known', 'address.prove']) {
      this.socket.on(event, (_command: unknown, answer: () => void) => answer());
    }
    this.socket.on('pairs.list', (_command: unknown, answer: () => void) => {
      answer();
      this.announce().catch(() => undefined);
    });
    this.socket.on('pairs.open', (command: unknown, answer: (answer: OpenAnswer) => void) => {
      if (this.mute) this.unanswered.push(() => answer(this.openPairs(command)));
      else answer(this.openPairs(command));
    });
    this.socket.on('pairs.close', (command: unknown, answer: () => void) => {
      for (const pairId of relayCommandSchemas['pairs.close'].parse(command).pairIds)
        this.open.delete(pairId);
      answer();
      this.emit('closed');
    });
  }

  /** Connects and announces what it has open. @returns what it was told to close */
  async connect(): Promise<string[]> {
    this.socket.connect();
    await once(this.socket as unknown as EventEmitter, 'connect', { signal: AbortSignal.timeout(10_000) });
    return this.announce();
  }

  async announce(): Promise<string[]> {
    const report = { pairs: [...this.open.values()], final: true };
    const answer: unknown = await this.socket.timeout(5000).emitWithAck('pairs.announce', report);
    const { close } = announceAnswerSchema.parse(answer);
    for (const pairId of close) this.open.delete(pairId);
    return close;
  }

  /** Whether a command to open waits for its answer. */
  get isAsked(): boolean {
    return this.unanswered.length > 0;
  }

  /** Answers what {@link mute} held back. */
  unmute(): void {
    this.mute = false;
    for (const answer of this.unanswered.splice(0)) answer();
  }

  /** Loses everything, like a process that was killed. */
  crash(): void {
    this.socket.disconnect();
    this.open.clear();
  }

  close(): void {
    this.socket.disconnect();
  }

  private openPairs(command: unknown): OpenAnswer {
    const results = relayCommandSchemas['pairs.open']
      .parse(command)
      .pairs.map(({ pairId, players, preferredPort }) => {
        if (this.isFull) return { pairId, error: 'NO_FREE_PORT' as const };
        const port = this.open.get(pairId)?.port ?? preferredPort ?? this.nextPort++;
        this.open.set(pairId, { pairId, players, port });
        return { pairId, port };
      });
    this.emit('opened');
    return { results };
  }
}
