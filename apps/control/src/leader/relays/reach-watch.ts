import { Logger } from '@nestjs/common';
import type { RelayFault } from '#shared/api/stats';
import { ipScope } from '#shared/ip-scope';
import type { PresenceBook } from '../agents/presence';
import { faultOf, reachOf } from './reach';
import type { Relay, RelayRegistry } from './registry';

const EVERY_MS = 2000;

/** Sees from what agents say whether players reach the relays, and tells the log when that changes. */
export class ReachWatch {
  private readonly logger = new Logger('relays');
  private readonly told = new WeakMap<Relay, RelayFault | null>();
  private lookedAtMs = -Infinity;

  constructor(
    private readonly registry: RelayRegistry,
    private readonly presence: PresenceBook,
  ) {}

  /** To be called regularly; looks when it is time to. */
  turn(nowMs: number): void {
    if (nowMs - this.lookedAtMs < EVERY_MS) return;
    this.lookedAtMs = nowMs;
    const linked = this.registry.all().filter(({ link }) => link !== null);
    const since = new Map(linked.map(({ id, linkedAtMs }) => [id, { sinceMs: linkedAtMs }]));
    const reach = reachOf(since, this.presence.allMeasured(), nowMs);
    for (const relay of linked) {
      relay.reach = reach.get(relay.id) ?? relay.reach;
      this.tell(relay);
    }
  }

  /** Tells the log if what is known to be wrong with a relay is not what was told last. */
  tell(relay: Relay): void {
    const fault = faultOf(relay);
    const before = this.told.get(relay) ?? null;
    this.told.set(relay, fault);
    if (fault === before) return;
    const { id: relayId, publicAddress, reach } = relay;
    const facts = { relayId, publicAddress, ...reach, linkFrom: otherAddress(relay) };
    if (fault === 'unreached')
      this.logger.error(
        facts,
        'players cannot reach this relay: none of those who tried its announced address got an answer. Check its LANRAGE_PUBLIC_ADDRESS, and that router and firewall let its UDP ports through',
      );
    else if (fault === 'private_address')
      this.logger.warn(
        facts,
        'relay announces an address that players in other networks cannot send to: set its LANRAGE_PUBLIC_ADDRESS to the one known on the Internet',
      );
    else if (before === 'unreached') this.logger.log(facts, 'players can reach this relay');
  }
}

/** The address from which a relay's link comes, if that may be the one to announce. */
function otherAddress({ clientAddress, publicAddress }: Relay): string | undefined {
  const isOther = clientAddress !== null && clientAddress !== publicAddress;
  return isOther && ipScope(clientAddress) === 'global' ? clientAddress : undefined;
}
