import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { splitEndpoint, type Endpoint } from '#shared/endpoint';
import { decodeBindingResponse, encodeBindingRequest } from '#shared/stun/binding';

interface Question {
  /** 12 bytes. */
  readonly transactionId: Buffer;
  readonly askedAtMs: number;
  readonly onAnswer: () => void;
}

const transactionIdAt = { start: 8, end: 20 } as const;
const FORGOTTEN_AFTER_MS = 10_000;

/** Asks STUN services whether they are there. */
export class RelayProbes {
  private readonly sockets = new Map<'udp4' | 'udp6', Socket>();
  /** By transaction id, in hex; the oldest first. */
  private readonly questions = new Map<string, Question>();

  /** One question; `onAnswer` is called if there is an answer within 10 s. */
  ask(endpoint: Endpoint, onAnswer: () => void): void {
    const askedAtMs = performance.now();
    this.forget(askedAtMs - FORGOTTEN_AFTER_MS);
    const transactionId = randomBytes(12);
    this.questions.set(transactionId.toString('hex'), { transactionId, askedAtMs, onAnswer });
    this.send(endpoint, transactionId);
  }

  /** One binding request, whose answer nobody waits for. @param transactionId 12 bytes */
  send(endpoint: Endpoint, transactionId: Buffer): void {
    const { address, port } = splitEndpoint(endpoint);
    // What cannot be sent gets no answer.
    this.socketFor(address).send(encodeBindingRequest(transactionId), port, address, () => undefined);
  }

  close(): void {
    for (const socket of this.sockets.values()) socket.close();
    this.sockets.clear();
    this.questions.clear();
  }

  private forget(beforeMs: number): void {
    for (const [id, { askedAtMs }] of this.questions) {
      if (askedAtMs > beforeMs) return;
      this.questions.delete(id);
    }
  }

  private socketFor(address: string): Socket {
    const family = address.includes(':') ? 'udp6' : 'udp4';
    const socket = this.sockets.get(family) ?? this.open(family);
    this.sockets.set(family, socket);
    return socket;
  }

  private open(family: 'udp4' | 'udp6'): Socket {
    const socket = createSocket(family).unref();
    // An ICMP error, or no such family on this machine: there will be no answer.
    socket.on('error', () => undefined);
    socket.on('message', (datagram) => {
      const id = datagram.toString('hex', transactionIdAt.start, transactionIdAt.end);
      const question = this.questions.get(id);
      if (!question || !decodeBindingResponse(datagram, question.transactionId)) return;
      this.questions.delete(id);
      question.onAnswer();
    });
    return socket;
  }
}
