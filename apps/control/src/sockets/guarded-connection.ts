import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import type { Socket } from 'socket.io';
import type { AddressBook } from './address-book';
import { Conversation, type EnginePacket, type NamespaceRules, type Violation } from './conversation';
import type { TurnedAway, TurnedAwayFor } from './turned-away';

/** A connection of engine.io. */
export type Connection = Socket['conn'];

/** A connection that has not signed in is closed after so long. */
export const SIGN_IN_MS = 4_000;
/** A closing handshake takes no longer; ws alone waits for half a minute. */
const CLOSING_MS = 1_000;
/** Bytes that may wait to be read by somebody who has not signed in. */
const UNREAD_BYTES_BEFORE_SIGN_IN = 64 * 1024;

export interface Guards {
  readonly namespaces: ReadonlyMap<string, NamespaceRules>;
  readonly addresses: AddressBook;
  readonly turnedAway: TurnedAway;
}

/** Watches one connection, and closes it when it does what {@link Conversation} or its address's budget forbids. */
export class GuardedConnection {
  private readonly conversation: Conversation;
  private readonly tcp: TcpSocket;
  private readonly deadline: NodeJS.Timeout;
  /** Bytes that engine.io holds until the transport takes them. */
  private queuedBytes = 0;

  constructor(
    private readonly connection: Connection,
    private readonly address: string,
    private readonly guards: Guards,
  ) {
    this.conversation = new Conversation(guards.namespaces);
    const request = connection.request as IncomingMessage & { websocket?: EventEmitter };
    this.tcp = request.socket;
    this.deadline = setTimeout(() => this.turnAway('not signed in'), SIGN_IN_MS).unref();
    // Before ws parses them: what comes in one piece with too many bytes is not looked at.
    this.tcp.prependListener('data', (bytes: Buffer) => this.onBytes(bytes.length));
    for (const frame of ['ping', 'pong'])
      request.websocket?.on(frame, () =>
        this.judge(this.conversation.receivedControlFrame(performance.now())),
      );
    // Emitted before `data`, by which socket.io gets it.
    connection.on('packet', (packet: EnginePacket) => this.onPacket(packet));
    connection.on('packetCreate', ({ data }: EnginePacket) => this.onSending(data));
    connection.on('flush', () => (this.queuedBytes = 0));
    connection.once('close', () => this.onClose());
  }

  signedIn(rules: NamespaceRules): void {
    clearTimeout(this.deadline);
    this.conversation.signedIn(rules, performance.now());
  }

  private onBytes(count: number): void {
    const nowMs = performance.now();
    if (this.judge(this.conversation.received(count, nowMs)) && this.sharesAddress)
      this.charge(this.guards.addresses.spendBytes(this.address, count, nowMs));
  }

  private onPacket(packet: EnginePacket): void {
    const nowMs = performance.now();
    if (this.judge(this.conversation.receivedPacket(packet, nowMs)) && this.sharesAddress)
      this.charge(this.guards.addresses.spendPacket(this.address, nowMs));
  }

  private onSending(data: unknown): void {
    const size = typeof data === 'string' || Buffer.isBuffer(data) ? data.length : 0;
    this.queuedBytes += size;
    const most = this.conversation.signedInTo?.unreadBytes ?? UNREAD_BYTES_BEFORE_SIGN_IN;
    // What is sent now goes out, however large, if nothing waits.
    if (this.queuedBytes - size + this.tcp.writableLength > most) this.turnAway('does not read');
  }

  private get sharesAddress(): boolean {
    return this.conversation.signedInTo?.sharesAddress ?? true;
  }

  /** @returns whether the connection may go on */
  private judge(violation: Violation | null): boolean {
    if (violation) this.turnAway(violation);
    return violation === null;
  }

  private charge(paid: boolean): void {
    if (!paid) this.turnAway('too much from the address');
  }

  private turnAway(reason: TurnedAwayFor): void {
    if (this.tcp.destroyed) return;
    this.guards.turnedAway.note(reason, this.address);
    // At once, so that nothing that came in the same piece reaches socket.io.
    this.connection.close(true);
    this.tcp.destroy();
  }

  private onClose(): void {
    clearTimeout(this.deadline);
    setTimeout(() => this.tcp.destroy(), CLOSING_MS).unref();
  }
}
