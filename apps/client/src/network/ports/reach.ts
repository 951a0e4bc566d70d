import { connect } from 'node:net';

/** `unreachable`: the way ends before the machine, or its firewall says so. `silent`: no answer in time. */
export type TcpReach = 'connected' | 'refused' | 'unreachable' | 'silent';

const LIMIT_MS = 2_000;

/** Opens a TCP connection to a player's game, and closes it at once. @param from the own address in the party */
export function tryTcp(host: string, port: number, from: string): Promise<TcpReach> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, localAddress: from });
    const settle = (reach: TcpReach) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reach);
    };
    const timer = setTimeout(() => settle('silent'), LIMIT_MS);
    socket.on('connect', () => settle('connected'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') settle('refused');
      else settle(code === 'ETIMEDOUT' ? 'silent' : 'unreachable');
    });
  });
}
