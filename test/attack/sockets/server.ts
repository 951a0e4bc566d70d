import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { Pool } from 'undici';
import { signIn } from '../../bench/support/agents';
import { AGENT_NAMESPACE } from '#shared/api/signaling';
import type { AttackOptions, AttackOutcome } from '../attack';
import { startLimitedControl } from '../attacked-control';
import { RawSocket } from './raw-socket';

/** Plays against a server of its own, with the limits that it has by itself. */
export function against(
  play: (url: string, options: AttackOptions) => Promise<AttackOutcome>,
): (options: AttackOptions) => Promise<AttackOutcome> {
  return async (options) => {
    const server = await startLimitedControl();
    try {
      return await play(server.url, options);
    } finally {
      await server.stop();
    }
  };
}

/** So many of something, but one at least. */
export function times(most: number, { effort }: AttackOptions): number {
  return Math.max(1, Math.round(most * effort));
}

/** Loopback addresses, so that the limits of one do not hide what another one does. */
export function address(index: number): string {
  return `127.0.1.${1 + (index % 250)}`;
}

/** A socket that has signed in as an agent. */
export async function agentSocket(url: string, localAddress: string): Promise<RawSocket> {
  const pool = new Pool(url, { connections: 1, localAddress });
  const { token } = await signIn(pool, new URL(url).host);
  await pool.destroy();
  const raw = await RawSocket.open(url, localAddress);
  raw.send([`40${AGENT_NAMESPACE},${JSON.stringify({ token })}`]);
  while (raw.count(`42${AGENT_NAMESPACE},["party.snapshot"`) === 0)
    await once(raw.socket, 'message', { signal: AbortSignal.timeout(10_000) });
  return raw;
}

/** A TCP connection that says nothing yet. */
export async function tcpConnection(url: string, localAddress: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = createConnection({ host: hostname, port: Number(port), localAddress });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}
