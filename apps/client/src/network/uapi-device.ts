import { connect } from 'node:net';
import { LanrageError } from '#shared/errors';
import type { DeviceChange, DeviceReading, WireGuardDevice } from './device';
import { decodeUapiGet, encodeUapiSet, isUapiAnswerComplete, uapiErrno, uapiGet } from './uapi';

const ANSWER_LIMIT_MS = 2_000;

/** Where wireguard-go listens for an interface of this name. */
export function uapiSocketPath(interfaceName: string): string {
  return `/var/run/wireguard/${interfaceName}.sock`;
}

/** A WireGuard interface behind a UAPI socket: no process is started to configure it. */
export class UapiDevice implements WireGuardDevice {
  constructor(private readonly socketPath: string) {}

  async configure(change: DeviceChange): Promise<void> {
    await this.transact(encodeUapiSet(change));
  }

  async read(): Promise<DeviceReading> {
    return decodeUapiGet(await this.transact(uapiGet));
  }

  private async transact(request: string): Promise<string> {
    const answer = await exchange(this.socketPath, request);
    const errno = uapiErrno(answer);
    if (errno === 0) return answer;
    throw new LanrageError('INTERFACE_FAILED', {
      message: `WireGuard refused its configuration (errno ${errno ?? 'missing'}).`,
    });
  }
}

/** Whether something answers on a UAPI socket. */
export async function isUapiSocketLive(socketPath: string): Promise<boolean> {
  return exchange(socketPath, uapiGet).then(
    () => true,
    () => false,
  );
}

function exchange(socketPath: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const fail = (cause?: Error) => {
      socket.destroy();
      reject(
        new LanrageError('INTERFACE_FAILED', { message: 'The WireGuard process does not answer.', cause }),
      );
    };
    const socket = connect(socketPath, () => socket.write(request));
    socket.setEncoding('utf8').setTimeout(ANSWER_LIMIT_MS, () => fail());
    socket.on('error', fail).on('close', () => fail());
    socket.on('data', (text: string) => {
      answer += text;
      if (!isUapiAnswerComplete(answer)) return;
      resolve(answer);
      socket.destroy();
    });
  });
}
