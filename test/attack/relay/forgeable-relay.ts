import { pino } from 'pino';
import type { SocketAddress } from '#shared/endpoint';
import type { PublicKey } from '#shared/wireguard/key';
import { clockMs } from '../../../apps/relay/src/clock';
import { Relay } from '../../../apps/relay/src/relay';
import { openDgramPort } from '../../../apps/relay/src/udp/dgram-port';
import type { UdpListener, UdpPort } from '../../../apps/relay/src/udp/udp-port';

const loopback = '127.0.0.1';

interface OpenPort {
  readonly listener: UdpListener;
  readonly udp: UdpPort;
}

/** A relay on real sockets of this machine, to which datagrams may also come from whichever address somebody writes on them. */
export class ForgeableRelay {
  readonly relay: Relay;
  readonly #ports = new Map<number, OpenPort>();

  constructor(first: number, last: number) {
    const ports = { first, last };
    this.relay = new Relay(
      {
        bindAddress: loopback,
        ports,
        openUdp: async (local, listener) => {
          const udp = await openDgramPort(local, listener);
          this.#ports.set(udp.port, { listener, udp });
          return udp;
        },
      },
      pino({ level: 'silent' }),
    );
  }

  /** @returns where the pair is relayed */
  async open(
    pairId: string,
    players: readonly [PublicKey, PublicKey],
    preferredPort: number | null = null,
  ): Promise<SocketAddress> {
    const opened = await this.relay.open({ pairId, players }, preferredPort);
    if ('error' in opened) throw new Error(opened.error);
    return { address: loopback, port: opened.port };
  }

  /** A datagram with this source comes in. */
  forge(source: SocketAddress, { port }: SocketAddress, datagram: Buffer): void {
    const opened = this.#ports.get(port);
    if (!opened) throw new Error(`port ${port} is not open`);
    const to = opened.listener.received(datagram, source, clockMs());
    if (to) opened.udp.send(datagram, to);
  }

  get forwarded(): number {
    return this.relay.totals().forwardedPackets;
  }

  stop(): Promise<void> {
    return this.relay.stop();
  }
}
