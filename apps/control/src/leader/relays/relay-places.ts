import { Logger } from '@nestjs/common';
import { ipScope } from '#shared/ip-scope';
import { announcedAddresses } from '../../model/relay-facts';
import type { Relay, RelayRegistry } from './registry';

const ANSWER_MS = 5000;

/** Tells each relay where the others are, so that it takes none of them for a player. */
export class RelayPlaces {
  private readonly logger = new Logger('relays');
  /** The list that a relay was told last, its own places included. */
  private readonly told = new WeakMap<object, string>();

  constructor(private readonly registry: RelayRegistry) {}

  /** To be called regularly; those who know the list are told nothing. */
  tell(): void {
    // A relay that announces an address that is not its own would have the players there refused.
    const relays = this.registry.all().filter(({ unproven }) => unproven.size === 0);
    const places = new Map(relays.map((relay) => [relay.id, placesOf(relay)]));
    const all = [...places.values()].flat().join();
    for (const { id, link } of relays) {
      if (!link || this.told.get(link) === all) continue;
      this.told.set(link, all);
      const addresses = [...places].flatMap(([relayId, own]) => (relayId === id ? [] : own));
      link.command('relays.known', { addresses }, ANSWER_MS).catch((error: unknown) => {
        this.told.delete(link);
        this.logger.debug({ relayId: id, err: error }, 'relay did not take the list of the others');
      });
    }
  }
}

/** Under which others may see its datagrams: what it announces, and the other end of its link. */
function placesOf({ publicAddress, stunEndpoints, ports, clientAddress }: Relay): string[] {
  const announced = announcedAddresses({ publicAddress, stunEndpoints });
  const isSeen = clientAddress !== null && ipScope(clientAddress) !== 'loopback';
  const addresses = new Set([...announced, ...(isSeen ? [clientAddress] : [])]);
  return [...addresses].map((address) => `${address} ${ports.first}-${ports.last}`);
}
