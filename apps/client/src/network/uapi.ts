/**
 * The text that a userspace WireGuard understands on its socket: https://www.wireguard.com/xplatform/. Pure.
 *
 *     set=1 ⏎ key=value ⏎ … ⏎ ⏎   →   errno=0 ⏎ ⏎
 *     get=1 ⏎ ⏎                   →   key=value ⏎ … errno=0 ⏎ ⏎
 *
 * Keys are in lower-case hex; `public_key` begins the part of a peer.
 */
import { parseEndpoint } from '#shared/endpoint';
import type { DeviceChange, DeviceReading, PeerChange } from './device';

export const uapiGet = 'get=1\n\n';

export function encodeUapiSet({ privateKey, listenPort, peers = [] }: DeviceChange): string {
  const lines = ['set=1'];
  if (privateKey) lines.push(`private_key=${privateKey.toString('hex')}`);
  if (listenPort !== undefined) lines.push(`listen_port=${listenPort}`);
  return [...lines, ...peers.flatMap(encodePeer), '', ''].join('\n');
}

/** Whether an answer has arrived completely: every one ends with an empty line. */
export function isUapiAnswerComplete(text: string): boolean {
  return text === '\n' || text.endsWith('\n\n');
}

/** The errno of an answer, 0 for success; undefined when the answer is malformed. */
export function uapiErrno(answer: string): number | undefined {
  const errno = /^errno=(-?\d+)$/m.exec(answer)?.[1];
  return errno === undefined ? undefined : Number(errno);
}

/** What the answer to {@link uapiGet} says. */
export function decodeUapiGet(answer: string): DeviceReading {
  const [device = '', ...sections] = answer.split(/^public_key=/m);
  const peers = sections.map((section) => {
    const [publicKey = ''] = section.split('\n', 1);
    const fields = fieldsOf(section);
    const number = (key: string) => Number(fields.get(key) ?? 0);
    const handshakeAtMs =
      number('last_handshake_time_sec') * 1_000 + number('last_handshake_time_nsec') / 1_000_000;
    return {
      publicKey: Buffer.from(publicKey, 'hex').toString('base64'),
      endpoint: parseEndpoint(fields.get('endpoint') ?? '') ?? null,
      handshakeAtMs: handshakeAtMs === 0 ? null : handshakeAtMs,
      rxBytes: number('rx_bytes'),
      txBytes: number('tx_bytes'),
    };
  });
  return { listenPort: Number(fieldsOf(device).get('listen_port') ?? 0), peers };
}

function fieldsOf(section: string): Map<string, string> {
  return new Map([...section.matchAll(/^(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value]));
}

function encodePeer(peer: PeerChange): string[] {
  const publicKey = `public_key=${Buffer.from(peer.publicKey, 'base64').toString('hex')}`;
  if (peer.remove) return [publicKey, 'remove=true'];
  const endpoint = peer.endpoint === null ? [] : [`endpoint=${peer.endpoint}`];
  if (peer.update) return [publicKey, 'update_only=true', ...endpoint];
  return [
    publicKey,
    ...endpoint,
    `persistent_keepalive_interval=${peer.keepaliveSeconds}`,
    'replace_allowed_ips=true',
    `allowed_ip=${peer.virtualIp}/32`,
  ];
}
