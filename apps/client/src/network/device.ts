import type { Endpoint } from '#shared/endpoint';

/** One WireGuard interface, however it is spoken to. */
export interface WireGuardDevice {
  /** Applies the changes in order, as one call. @throws LanrageError INTERFACE_FAILED */
  configure(change: DeviceChange): Promise<void>;
  /** What every peer's counters say. @throws LanrageError INTERFACE_FAILED */
  readPeers(): Promise<PeerReading[]>;
}

export interface DeviceChange {
  /** 32 bytes */
  readonly privateKey?: Buffer;
  /** 0: a random one */
  readonly listenPort?: number;
  readonly peers?: readonly PeerChange[];
}

export type PeerChange =
  | { readonly publicKey: string; readonly remove: true }
  | {
      readonly publicKey: string;
      readonly remove?: false;
      readonly endpoint: Endpoint;
      /** CIDR, such as 10.66.0.2/32 */
      readonly allowedIps: readonly string[];
      readonly keepaliveSeconds: number;
    };

export interface PeerReading {
  /** base64 */
  readonly publicKey: string;
  readonly endpoint: string | null;
  /** Unix time; null before the first handshake. */
  readonly handshakeAtMs: number | null;
  readonly rxBytes: number;
  readonly txBytes: number;
}
