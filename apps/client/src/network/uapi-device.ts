import { connect, type Socket } from 'node:net';
import { LanrageError } from '#shared/errors';
import type { DeviceChange, DeviceReading, WireGuardDevice } from './device';
import { decodeUapiGet, encodeUapiSet, isUapiAnswerComplete, uapiErrno, uapiGet } from './uapi';

const ANSWER_LIMIT_MS = 2_000;

/** Where wireguard-go listens for an interface of this name. */
export function uapiSocketPath(interfaceName: string): string {
  return `/var/run/wireguard/${interfaceName}.sock`;
}

/**
 * A WireGuard interface behind a UAPI socket: no process is started to configure it. One connection carries all questions,
 * one after the other: another one for each costs six times as much, and while a direct path is looked for there are up
 * to a hundred a second.
 */
export class UapiDevice implements WireGuardDevice {
  private socket: Socket | undefined;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly socketPath: string) {}

  async configure(change: DeviceChange): Promise<void> {
    await this.transact(encodeUapiSet(change));
  }

  async read(): Promise<DeviceReading> {
    return decodeUapiGet(await this.transact(uapiGet));
  }

  private async transact(request: string): Promise<string> {
    const answered = this.turn.then(() => exchange(this.connection(), request));
    this.turn = answered.catch(() => undefined);
    const answer = await answered;
    const errno = uapiErrno(answer);
    if (errno === 0) return answer;
    throw new LanrageError('INTERFACE_FAILED', {
      message: `WireGuard refused its configuration (errno ${errno ?? 'missing'}).`,
    });
  }

  /** Does not keep the program running while nothing is asked. */
  private connection(): Socket {
    if (this.socket && !this.socket.destroyed) return this.socket;
    const socket = connect(this.socketPath).setEncoding('utf8').unref();
    // Told to the one that asks; between questions it is reason for another connection, and no more.
    socket.on('error', () => undefined).on('end', () => socket.destroy());
    this.socket = socket;
    return socket;
  }
}

/** Whether something answers on a UAPI socket. */
export async function isUapiSocketLive(socketPath: string): Promise<boolean> {
  const socket = connect(socketPath).setEncoding('utf8');
  return exchange(socket, uapiGet)
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy());
}

/** Sends a question and resolves with the whole answer; a connection that gives none is of no further use. */
function exchange(socket: Socket, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const settle = () => {
      clearTimeout(timer);
      socket.off('data', take).off('error', fail).off('close', fail).unref();
    };
    const fail = (cause?: Error | boolean) => {
      settle();
      socket.destroy();
      const reason = cause instanceof Error ? { cause } : {};
      const message = 'The WireGuard process does not answer.';
      reject(new LanrageError('INTERFACE_FAILED', { message, ...reason }));
    };
    const take = (text: string) => {
      answer += text;
      if (!isUapiAnswerComplete(answer)) return;
      settle();
      resolve(answer);
    };
    const timer = setTimeout(fail, ANSWER_LIMIT_MS);
    socket.on('data', take).on('error', fail).on('close', fail).ref().write(request);
  });
}
