import type { Endpoint } from '#shared/endpoint';
import type { NatType } from '#shared/party/nat-type';

/** What is known of a peer before connecting to it. */
export interface PeerReachability {
  readonly natType: NatType;
  /** The relay session of the pair; null or absent while no relay has room. */
  readonly relay?: Endpoint | null;
}

/** Which paths to a peer there are, and which are worth trying. */
export interface ConnectionStrategy {
  /** Whom it is for: WireGuard public key, base64. */
  readonly peerPublicKey: string;
  /** Connects at once, whatever the NATs. */
  readonly relay: Endpoint | null;
  /** Whether the two NATs let a direct path be expected: a prediction, see `canConnectDirectly`. */
  readonly directExpected: boolean;
}

/** Decides how this agent reaches a peer. Every pair starts on its relay session. */
export class ConnectionCoordinator {
  constructor(private readonly nat: { canDirectConnect(peerNatType: NatType): boolean }) {}

  /** @throws RangeError for a NAT type that there is not */
  coordinateConnection(
    peerPublicKey: string,
    { natType, relay = null }: PeerReachability,
  ): ConnectionStrategy {
    return { peerPublicKey, relay, directExpected: this.nat.canDirectConnect(natType) };
  }
}
