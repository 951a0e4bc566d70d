import type { Endpoint } from '#shared/endpoint';
import type { VirtualIp } from '#shared/party/virtual-ip';

/** One WireGuard interface, however it is spoken to. */
export interface WireGuardDevice {
  /** Applies the changes in order, as one call. @throws LanrageError INTERFACE_FAILED */
  configure(change: DeviceChange): Promise<void>;
  /** The port it listens on, and what every peer's counters say. @throws LanrageError INTERFACE_FAILED */
  read(): Promise<DeviceReading>;
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
      readonly update?: false;
      /** Null: the peer shows where it is when it begins. */
      readonly endpoint: Endpoint | null;
      /** The one address whose packets come from this peer and go to it. */
      readonly virtualIp: VirtualIp;
      readonly keepaliveSeconds: number;
    }
  /** A change of a peer that is there already. */
  | {
      readonly publicKey: string;
      readonly remove?: false;
      readonly update: true;
      readonly endpoint: Endpoint;
    };

export interface DeviceReading {
  readonly listenPort: number;
  readonly peers: readonly PeerReading[];
}

export interface PeerReading {
  /** base64 */
  readonly publicKey: string;
  readonly endpoint: Endpoint | null;
  /** Unix time; null before the first handshake. */
  readonly handshakeAtMs: number | null;
  readonly rxBytes: number;
  readonly txBytes: number;
}
