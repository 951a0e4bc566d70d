import { ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Socket } from 'socket.io';
import type { z } from 'zod';
import { errorBody } from '#shared/api/remote-error';
import { LanrageError } from '#shared/errors';
import { invalidInput, toLanrageError } from '../operations/errors';

type Schemas = Record<string, z.ZodType>;

/** What a socket's client may send: for each event of `Requests`, from the parsed payload to the answer. */
export type Handlers<Requests extends Schemas> = {
  readonly [Name in keyof Requests]: (payload: z.output<Requests[Name]>) => object | Promise<object>;
};

type Acknowledge = (answer: object) => void;

const FLOOD_FACTOR = 10;

/**
 * Answers a client's events: each is limited, parsed by its schema, handled, and acknowledged with the handler's
 * answer or with `{ ok: false, error }`. A client that sends far more than it may is disconnected.
 */
export class SocketRequests<Requests extends Schemas> {
  private readonly logger = new Logger('sockets');
  private readonly limiter: RateLimiterMemory;

  constructor(
    private readonly schemas: Requests,
    private readonly eventsPerSecond: number,
  ) {
    this.limiter = new RateLimiterMemory({ points: eventsPerSecond, duration: 1 });
  }

  serve(socket: Socket, handlers: Handlers<Requests>): void {
    socket.onAny((event: string, payload: unknown, acknowledge?: Acknowledge) => {
      this.answer(socket, handlers, event, payload)
        .catch((thrown: unknown) => this.refusal(thrown))
        .then((answer) => {
          if (typeof acknowledge === 'function') acknowledge(answer);
        })
        .catch((error: unknown) => this.logger.error({ err: error }, 'acknowledgement failed'));
    });
  }

  private async answer(
    socket: Socket,
    handlers: Handlers<Requests>,
    event: string,
    payload: unknown,
  ): Promise<object> {
    await this.limit(socket);
    const schema = Object.hasOwn(this.schemas, event) ? this.schemas[event] : undefined;
    const handler = Object.hasOwn(handlers, event) ? handlers[event] : undefined;
    if (!schema || !handler) throw new LanrageError('NOT_FOUND');
    const parsed = schema.safeParse(payload);
    if (!parsed.success) throw invalidInput(parsed.error.issues);
    return handler(parsed.data as z.output<Requests[string]>);
  }

  private async limit(socket: Socket): Promise<void> {
    try {
      await this.limiter.consume(socket.id);
    } catch (rejection) {
      if (!(rejection instanceof RateLimiterRes)) throw rejection;
      if (rejection.consumedPoints > FLOOD_FACTOR * this.eventsPerSecond) socket.disconnect(true);
      throw new LanrageError('RATE_LIMITED', { retryAfterSeconds: 1 });
    }
  }

  private refusal(thrown: unknown): object {
    const error = toLanrageError(thrown);
    if (error.code === 'INTERNAL') this.logger.error({ err: error.cause }, 'event failed');
    return { ok: false, ...errorBody(error) };
  }
}

/** The settings of the one socket.io server behind all namespaces. */
export const socketOptions = {
  /** Bytes; messages between relays and control plane are split to stay below it. */
  maxHttpBufferSize: 128 * 1024,
  /**
   * An agent that vanished is noticed within the sum of both. The others notice much sooner that its path is dead; a
   * shorter interval would only cost: with ten thousand agents, a seventh of what they cost at rest for each 10 s less.
   */
  pingInterval: 25_000,
  pingTimeout: 10_000,
  /** The clients use nothing else, and polling would be a second way in, with limits of its own. */
  transports: ['websocket' as const],
  /** A few bytes that inflate to many would pass the limits, which count what is on the wire. */
  perMessageDeflate: false,
  serveClient: false,
};

/**
 * Lets go of the HTTP request that a connection began with, its headers and its token. engine.io and socket.io keep them
 * for as long as it lasts, 1.2 kB for each agent, and need them no more. To be called when the socket is connected.
 */
export function forgetRequest(socket: Socket): void {
  const { conn, handshake } = socket;
  (conn as { request: unknown }).request = null;
  Object.assign(handshake, { headers: {}, auth: {}, query: {} });
}

/** Lets go of the request in what stands in for a response when a WebSocket opens, and is there until the close. */
export function forgetRequestOf(response: object): void {
  if (!(response instanceof ServerResponse)) Object.assign(response, { req: null });
}
