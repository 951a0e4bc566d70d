import type { PeerId } from '#shared/party/identity';
import type { PublicKey } from '#shared/wireguard/key';

/** A peer: its id follows from its key. */
export interface Identity {
  readonly peerId: PeerId;
  readonly publicKey: PublicKey;
}
