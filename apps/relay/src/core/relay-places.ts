/**
 * Where relays are, and so no players: datagrams that come from there are forged, or are on their way around a circle of
 * relays that each take the next one for a player.
 *
 * A relay's address alone says too little, for players may share it: those behind the router of a relay at home, or on its
 * machine. Its ports tell them apart.
 */
import type { SocketAddress } from '#shared/endpoint';
import type { PortRange } from './port-choice';

/** The ports of a relay at one of its addresses. */
export interface RelayPlace {
  readonly address: string;
  readonly ports: PortRange;
}

export class RelayPlaces {
  /** Those of this relay that are open: no player of the same machine can have them. */
  readonly ownPorts = new Set<number>();
  readonly #ownAddresses: ReadonlySet<string>;
  #others: readonly RelayPlace[] = [];

  /** @param ownAddresses under which this relay's datagrams may come back to it */
  constructor(ownAddresses: Iterable<string> = []) {
    this.#ownAddresses = new Set(ownAddresses);
  }

  /** From now on these are all others. */
  replaceOthers(others: readonly RelayPlace[]): void {
    this.#others = others;
  }

  has({ address, port }: SocketAddress): boolean {
    if (this.ownPorts.has(port) && this.#ownAddresses.has(address)) return true;
    // A loop, because each datagram asks. Ports differ more often, and are cheaper to compare.
    for (const { ports, address: other } of this.#others) {
      if (port >= ports.first && port <= ports.last && address === other) return true;
    }
    return false;
  }
}
