/**
 * The sessions of a pair, by index.
 *
 * A session between the addresses where another session is now continues the *lineage* of that one: that is how
 * two players rekey, also after one of them has moved. Room is given out by lineage, so that nobody's sessions
 * can push out those of others: a lineage has the places that rekeying takes and replaces its own sessions, and
 * one that is in use is never evicted for a new one, unless both its ends are at sources that have other lineages here as
 * well. So a forger needs a source for each lineage that it wants to keep, and cannot take all the room with one machine.
 */
import { sourceOf } from './limits';
import { type End, neverMs } from './end';
import { otherSide, type PerSide, Session, type Side } from './session';
import { isSameAddress, type PlayerAddress } from './verdict';

/** Previous, current and next (WireGuard paper, section 6.3), and one whose answer was lost. */
const maxSessionsPerLineage = 4;
const maxLineages = 6;
/** WireGuard's keys die after 180 s (REJECT_AFTER_TIME). */
const sessionIdleMs = 190_000;
/** Data goes both ways at least every 25 s, the persistent keepalive; one may be lost. */
const unusedMs = 60_000;
/** A session that was not used within two of WireGuard's retries will not be. */
const newMs = 10_000;

const none: readonly Session[] = [];

export class Sessions {
  /**
   * Lineage by lineage, each from the oldest session to the newest. Pairs have a session or two, and a relay has very many
   * pairs: looking at all takes less time and room than a map. Always a new array, which has no room to spare.
   */
  #all: readonly Session[] = none;
  #offloadedEnds = 0;
  #forgottenAtMs = neverMs;

  /** The one that has this index. */
  find(index: number): Session | undefined {
    for (const session of this.#all) if (session.sideOf(index) !== undefined) return session;
    return undefined;
  }

  /** Takes in an answered handshake; undefined when there is no room for it. */
  add(ends: PerSide<End>, nowMs: number): Session | undefined {
    const addresses = [ends[0].address, ends[1].address] as const;
    const isParent = (session: Session) => session.isBetween(addresses);
    const continued = this.#all.find(isParent)?.lineage;
    if (continued === undefined && !this.#makeRoom(nowMs)) return undefined;
    const lineage = continued ?? (this.#all.at(-1)?.lineage ?? -1) + 1;
    const family = this.#all.filter((session) => session.lineage === lineage);
    if (family.length === maxSessionsPerLineage) this.#remove(leastRecentlyUsed(family));
    const parents = this.#all.filter((session) => session.lineage === lineage && isParent(session));
    const confirmed = parents.some((session) => session.confirmed);
    for (const side of [0, 1] as const) {
      if (parents.some((session) => session.end(side).isShown)) ends[side].continueShown();
    }
    const session = new Session(lineage, ends, nowMs, confirmed);
    const place = this.#all.findLastIndex((one) => one.lineage <= lineage) + 1;
    this.#all = this.#all.toSpliced(place, 0, session);
    return session;
  }

  /** Whether a handshake between these addresses was answered at or after the given time. */
  wasAnswered(addresses: PerSide<PlayerAddress>, sinceMs: number): boolean {
    return this.#all.some((session) => session.createdAtMs >= sinceMs && session.isBetween(addresses));
  }

  /** Whether a confirmed session has the player of this side at this address. */
  isKnown(side: Side, address: PlayerAddress): boolean {
    // Loops, because a port asks all its pairs this for each initiation of a stranger.
    for (const session of this.#all) {
      if (session.confirmed && isSameAddress(session.end(side).address, address)) return true;
    }
    return false;
  }

  /**
   * Where confirmed sessions have the player of this side, one address per source: first those that have the other
   * player at `partner`, then the others; within both, the most recently heard player first.
   */
  addresses(side: Side, partner: PlayerAddress): PlayerAddress[] {
    const confirmed = this.#confirmedByFreshness(side);
    const isPartner = (session: Session) => isSameAddress(session.end(otherSide(side)).address, partner);
    const bySource = new Map<string, PlayerAddress>();
    for (const session of [...confirmed.filter(isPartner), ...confirmed]) {
      const { address } = session.end(side);
      const source = sourceOf(address.address);
      if (!bySource.has(source)) bySource.set(source, address);
    }
    return [...bySource.values()];
  }

  /** Where the player of this side was last heard of in a confirmed session. */
  latestAddress(side: Side): PlayerAddress | undefined {
    return this.#confirmedByFreshness(side)[0]?.end(side).address;
  }

  /** When anything of any session, also of those that are forgotten, last passed. */
  get lastHeardAtMs(): number {
    return Math.max(this.#forgottenAtMs, ...this.#all.map(({ lastHeardAtMs }) => lastHeardAtMs));
  }

  /** Forgets the sessions whose keys must be dead by now. */
  expire(nowMs: number): void {
    for (const session of this.#all) {
      if (nowMs - session.lastHeardAtMs > sessionIdleMs) this.#remove(session);
    }
  }

  /** Forgets those with such an address. */
  forgetAddresses(isRefused: (address: PlayerAddress) => boolean): void {
    for (const session of this.#all) {
      if (session.ends.some(({ address }) => isRefused(address))) this.#remove(session);
    }
  }

  get size(): number {
    return this.#all.length;
  }

  offloaded(): Session[] {
    return this.#all.filter((session) => session.offloaded);
  }

  /** Counts the sessions that ended while they were offloaded. */
  get offloadedEnds(): number {
    return this.#offloadedEnds;
  }

  #confirmedByFreshness(side: Side): Session[] {
    const confirmed = this.#all.filter((session) => session.confirmed);
    return confirmed.sort((one, other) => other.end(side).lastDataAtMs - one.end(side).lastDataAtMs);
  }

  /** For one more lineage; false when all are to stay. */
  #makeRoom(nowMs: number): boolean {
    const lineages = lineagesOf(this.#all);
    if (lineages.length < maxLineages) return true;
    const isUnused = (lineage: Session[]) => !lineage.some((session) => isInUse(session, nowMs));
    const evicted = lineages.find(isUnused) ?? youngestCrowded(lineages);
    evicted?.forEach((session) => this.#remove(session));
    return evicted !== undefined;
  }

  #remove(session: Session): void {
    this.#all = this.#all.length === 1 ? none : this.#all.toSpliced(this.#all.indexOf(session), 1);
    if (session.offloaded) this.#offloadedEnds++;
    this.#forgottenAtMs = Math.max(this.#forgottenAtMs, session.lastHeardAtMs);
  }
}

function lineagesOf(sessions: readonly Session[]): Session[][] {
  const numbers = new Set(sessions.map(({ lineage }) => lineage));
  return Array.from(numbers, (number) => sessions.filter(({ lineage }) => lineage === number));
}

/** The youngest of the lineages both of whose ends share their source with another lineage. */
function youngestCrowded(lineages: readonly Session[][]): Session[] | undefined {
  const sources = lineages.map(sourcesOf);
  const isShared = (source: string) => sources.filter((ofOne) => ofOne.includes(source)).length > 1;
  return lineages.findLast((_, place) => sources[place]?.every(isShared));
}

function isInUse(session: Session, nowMs: number): boolean {
  return nowMs - session.lastUsedAtMs < unusedMs || nowMs - session.createdAtMs < newMs;
}

/** The sources of both ends, as the newest session has them. */
function sourcesOf(lineage: readonly Session[]): string[] {
  return lineage.at(-1)?.ends.map(({ address }) => sourceOf(address.address)) ?? [];
}

/** The oldest of those that were never used, if any. */
function leastRecentlyUsed(sessions: readonly Session[]): Session {
  return sessions.reduce((least, session) => (session.lastUsedAtMs < least.lastUsedAtMs ? session : least));
}
