import type { SocketAddress } from '#shared/endpoint';
import type { PlayerAddress } from '../core/verdict';

/** Who hears what happens on a UDP port. */
export interface UdpListener {
  /**
   * A datagram has come in. Its bytes are good until the listener returns.
   * @returns where to send it on, if anywhere
   */
  received(datagram: Buffer, source: PlayerAddress, nowMs: number): PlayerAddress | undefined;
  /** Receiving failed once; the port stays open. */
  failed(error: Error): void;
}

/**
 * A bound UDP port. What cannot be sent is lost, as on any other part of its way. On all addresses of the machine, it may say
 * which one a datagram was sent to; what is sent to such a source leaves from there.
 */
export interface UdpPort {
  readonly port: number;
  /** The datagram must not change afterwards. */
  send(datagram: Buffer, to: PlayerAddress): void;
  close(): Promise<void>;
}

/**
 * Binds a port (0: any) of a local IPv4 or IPv6 address.
 * @throws PortUnavailableError when the port is taken or privileged, or the address is not of this machine.
 */
export type OpenUdpPort = (local: SocketAddress, listener: UdpListener) => Promise<UdpPort>;
