/** A relay that speaks the link and relays nothing. */
import { EventEmitter, once } from 'node:events';
import { io, type Socket } from 'socket.io-client';
import {
  announceAnswerSchema,
  RELAY_LINK_VERSION,
  RELAY_NAMESPACE,
  relayCommandSchemas,
  type OpenAnswer,
  type OpenPair,
  type RelayHandshake,
} from '#shared/api/relay-link';
import { RELAY_SECRET } from './control-app';

export class TestRelay extends EventEmitter<{ opened: []; closed: [] }> {
  readonly socket: Socket;
  readonly open = new Map<string, OpenPair>();
  /** While true, commands to open stay without an answer. */
  mute = false;
  /** While true, it has no port for any pair. */
  isFull = false;
  private unanswered: (() => void)[] = [];
  private nextPort = 40_000;

  constructor(url: string, handshake: Partial<RelayHandshake> = {}) {
    super();
    const auth = {
      version: RELAY_LINK_VERSION,
      secret: RELAY_SECRET,
      relayId: 'relay-1',
      region: 'local',
      publicAddress: '192.0.2.1',
      // Port 9, discard: nobody answers the control plane there.
      stunEndpoints: ['127.0.0.1:9'],
      capacityPairs: 100,
      ...handshake,
    };
    this.socket = io(new URL(RELAY_NAMESPACE, url).href, {
      auth,
      autoConnect: false,
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
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
