import { type RelayLimits, SourceBuckets } from './limits';
import { RelayPlaces } from './relay-places';
import { Strangers } from './strangers';

/** What all ports of a relay have in common: who sends there, and what that may cost. */
export class SourceLimits {
  readonly initiations: SourceBuckets;
  readonly misses: SourceBuckets;
  readonly strangers: Strangers;

  constructor(
    limits: RelayLimits,
    readonly relays = new RelayPlaces(),
  ) {
    this.initiations = new SourceBuckets(limits.sourceInitiations, limits.maxSources);
    this.misses = new SourceBuckets(limits.sourceMisses, limits.maxSources);
    this.strangers = new Strangers(limits);
  }

  /** How many IP addresses had to make room for others, of all that is remembered of them. */
  get forgotten(): number {
    return this.initiations.forgotten + this.misses.forgotten + this.strangers.forgotten;
  }
}
