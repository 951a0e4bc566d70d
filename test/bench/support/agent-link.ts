import { WebSocket } from 'ws';
import { acknowledgementSchema, AGENT_NAMESPACE, type Acknowledgement } from '#shared/api/signaling';

/** Packets of engine.io 4 and, within its messages, of socket.io 5, as they begin. */
const packets = {
  open: '0',
  ping: '2',
  pong: '3',
  connect: `40${AGENT_NAMESPACE},`,
  connectError: `44${AGENT_NAMESPACE},`,
  event: `42${AGENT_NAMESPACE},`,
  acknowledgement: `43${AGENT_NAMESPACE},`,
} as const;

interface Waiting {
  resolve(answer: Acknowledgement): void;
  reject(error: Error): void;
}

const OPENING_LIMIT_MS = 30_000;

/**
 * An agent's socket as the server sees it, by the same messages as socket.io's client: at a tenth of its memory, so that
 * thousands of agents fit into a process.
 */
export class AgentLink {
  /** Hears every event, as its JSON `[name, payload]`. */
  onEvent: ((text: string) => void) | null = null;
  onClose: (() => void) | null = null;
  private nextId = 0;
  private readonly waiting = new Map<number, Waiting>();

  private constructor(
    private readonly socket: WebSocket,
    onEvent: ((text: string) => void) | null,
  ) {
    this.onEvent = onEvent;
    socket.on('message', (data: Buffer) => this.take(data.toString()));
    socket.on('close', () => {
      for (const { reject } of this.waiting.values()) reject(new Error('the socket closed'));
      this.waiting.clear();
      this.onClose?.();
    });
  }

  /**
   * Settles when the server has let the agent in.
   * @param localAddress where it calls from
   * @param onEvent hears the first event, too
   */
  static open(
    url: string,
    token: string,
    localAddress: string,
    onEvent: ((text: string) => void) | null = null,
  ): Promise<AgentLink> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`, {
      localAddress,
      perMessageDeflate: false,
      handshakeTimeout: OPENING_LIMIT_MS,
    });
    return new Promise((resolve, reject) => {
      const fail = (reason: string) => {
        reject(new Error(`no socket: ${reason}`));
        socket.terminate();
      };
      socket.once('error', (error) => fail(error.message));
      socket.once('close', () => fail('closed'));
      socket.on('message', function greet(data: Buffer) {
        const text = data.toString();
        if (text.startsWith(packets.open)) socket.send(packets.connect + JSON.stringify({ token }));
        else if (text.startsWith(packets.connect)) {
          socket.removeAllListeners();
          socket.on('error', () => undefined);
          resolve(new AgentLink(socket, onEvent));
        } else fail(text);
      });
    });
  }

  /** One event and its acknowledgement. */
  request(event: string, payload: object): Promise<Acknowledgement> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      if (this.socket.readyState !== WebSocket.OPEN) {
        reject(new Error('the socket is closed'));
        return;
      }
      this.waiting.set(id, { resolve, reject });
      this.socket.send(`${packets.event}${id}${JSON.stringify([event, payload])}`);
    });
  }

  close(): void {
    this.socket.terminate();
  }

  private take(text: string): void {
    if (text === packets.ping) this.socket.send(packets.pong);
    else if (text.startsWith(packets.event)) this.onEvent?.(text.slice(packets.event.length));
    else if (text.startsWith(packets.acknowledgement))
      this.acknowledge(text.slice(packets.acknowledgement.length));
  }

  private acknowledge(text: string): void {
    const start = text.indexOf('[');
    const id = Number(text.slice(0, start));
    const [answer] = JSON.parse(text.slice(start)) as unknown[];
    this.waiting.get(id)?.resolve(acknowledgementSchema.parse(answer));
    this.waiting.delete(id);
  }
}
