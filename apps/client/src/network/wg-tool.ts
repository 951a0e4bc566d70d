import { LanrageError } from '#shared/errors';
import { parseEndpoint } from '#shared/endpoint';
import { runCommand } from './command';
import type { DeviceChange, DeviceReading, PeerChange, WireGuardDevice } from './device';

/** A WireGuard interface configured by the `wg` tool: the kernel's, which has no socket to speak to. */
export class WgToolDevice implements WireGuardDevice {
  constructor(private readonly interfaceName: string) {}

  async configure({ privateKey, listenPort, peers = [] }: DeviceChange): Promise<void> {
    const args = [
      // Everybody can read the arguments of a process, but not what goes through a pipe.
      ...(privateKey ? ['private-key', '/dev/stdin'] : []),
      ...(listenPort === undefined ? [] : ['listen-port', String(listenPort)]),
      ...peers.flatMap(peerArguments),
    ];
    if (args.length === 0) return;
    await this.wg(['set', this.interfaceName, ...args], privateKey?.toString('base64'));
  }

  async read(): Promise<DeviceReading> {
    return decodeWgDump(await this.wg(['show', this.interfaceName, 'dump']));
  }

  private async wg(args: readonly string[], input?: string): Promise<string> {
    // Node makes stdin a socket, which wg cannot open as /dev/stdin; cat makes it a pipe.
    const { code, stdout, stderr } = await (input === undefined
      ? runCommand('wg', args)
      : runCommand('sh', ['-c', 'cat | wg "$@"', 'sh', ...args], { input }));
    if (code === 0) return stdout;
    throw new LanrageError('INTERFACE_FAILED', { message: `wg ${args[0]} failed: ${stderr.trim()}` });
  }
}

/**
 * `wg show IF dump`: tab-separated lines, the interface first (private key, public key, listening port, mark), then per
 * peer: public key, preshared key, endpoint, allowed ips, latest handshake (Unix seconds, 0 for none), received bytes,
 * sent bytes, keepalive. See wg(8).
 */
export function decodeWgDump(dump: string): DeviceReading {
  const [device = '', ...lines] = dump.trimEnd().split('\n');
  const peers = lines.map((line) => {
    const [publicKey = '', , endpoint = '', , handshake, rx, tx] = line.split('\t');
    const handshakeAtMs = Number(handshake) * 1_000;
    return {
      publicKey,
      endpoint: parseEndpoint(endpoint) ?? null,
      handshakeAtMs: handshakeAtMs === 0 ? null : handshakeAtMs,
      rxBytes: Number(rx),
      txBytes: Number(tx),
    };
  });
  return { listenPort: Number(device.split('\t')[2]), peers };
}

/** What `wg set` takes for one peer. */
export function peerArguments(peer: PeerChange): string[] {
  if (peer.remove) return ['peer', peer.publicKey, 'remove'];
  const endpoint = peer.endpoint === null ? [] : ['endpoint', peer.endpoint];
  const moved = ['peer', peer.publicKey, ...endpoint];
  if (peer.update) return moved;
  const keepalive = ['persistent-keepalive', String(peer.keepaliveSeconds)];
  return [...moved, ...keepalive, 'allowed-ips', `${peer.virtualIp}/32`];
}
