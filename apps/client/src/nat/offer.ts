/** What a server offers for finding out about the network. Pure. */
import type { ServerInfo } from '#shared/api/rest';
import type { Endpoint } from '#shared/endpoint';

export interface Offer extends ServerInfo {
  /** STUN endpoints of its relays that this machine does not send to on this server's word; the relays are without them. */
  readonly refused: readonly Endpoint[];
}

export function offerOf(info: ServerInfo, mayName: (endpoint: Endpoint) => boolean): Offer {
  const relays = info.relays.map((relay) => ({
    ...relay,
    stunEndpoints: relay.stunEndpoints.filter(mayName),
  }));
  const named = info.relays.flatMap(({ stunEndpoints }) => stunEndpoints);
  return { ...info, relays, refused: named.filter((endpoint) => !mayName(endpoint)) };
}
