/** What an examination of the network finds: its shape, as `netcheck --json` prints it. */
import type { Endpoint } from '#shared/endpoint';
import type { ServerRoundTrip } from '../nat/discovery';
import type { NatInfo } from '../nat/nat-traversal';
import type { RelayFigure } from '../nat/relay-figures';
import type { Ipv4Way } from '../network/ipv4/translation';

export interface NetcheckReport {
  readonly server: {
    readonly url: string;
    /** Round trip of one request; null when the server did not answer. */
    readonly latencyMs: number | null;
    readonly error: { readonly code: string; readonly message: string } | null;
  };
  /** The nearest first. */
  readonly relays: readonly RelayFigure[];
  readonly stunServers: readonly StunServerReport[];
  /** STUN servers that the server names, but to which it must not send players. */
  readonly refused: readonly Endpoint[];
  readonly ipv4: Ipv4Report;
  readonly natInfo: NatInfo;
}

/** How this network reaches IPv4 addresses; the prefix, such as `64:ff9b::/96`, is null unless the way is `nat64`. */
export interface Ipv4Report {
  readonly way: Ipv4Way['kind'];
  readonly prefix: string | null;
}

export interface StunServerReport extends ServerRoundTrip {
  /** The relay that the server belongs to; null for a server from the settings. */
  readonly relay: { readonly id: string; readonly region: string } | null;
}
