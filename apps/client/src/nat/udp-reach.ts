/** From whom this machine gets answers by UDP: what was observed in, one word out. Pure. */
import type { UdpReach } from '#shared/party/udp-reach';
import type { RelayFigure } from './relay-figures';

/** What packets of the game pass just now: a relay, or the internet without one. */
export type Carrier = 'relay' | 'internet';

export interface UdpObservations {
  /** The last round trips to the relays; empty: not measured yet. */
  readonly figures: readonly RelayFigure[];
  /** Whether a STUN server that is no relay's answered last. */
  readonly isOtherAnswering: boolean;
  /** Whether something leads from this network to IPv4 addresses. */
  readonly hasIpv4: boolean;
  /** What all working paths pass through. */
  readonly carriers: ReadonlySet<Carrier>;
}

/** A path that works outweighs a STUN server's silence: its port may be closed where the relay's others are open. */
export function udpReachOf({ figures, isOtherAnswering, hasIpv4, carriers }: UdpObservations): UdpReach {
  if (carriers.has('relay') || figures.some(({ roundTripMs }) => roundTripMs !== null)) return 'relays';
  if (figures.length === 0) return 'unknown';
  if (isOtherAnswering || carriers.has('internet')) return 'players';
  return hasIpv4 ? 'nobody' : 'no_ipv4';
}
