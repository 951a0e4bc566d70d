/**
 * The sessions of a pair, by index.
 *
 * A session between the addresses where another session is now continues the *lineage* of that one: that is how
 * two players rekey, also after one of them has moved. Room is given out by lineage, so that nobody's sessions
 * can push out those of others: a lineage has the places that rekeying takes and replaces its own sessions, and
 * one that is in use is never evicted for a new one, unless both its ends are at sources that have other lineages here as
 * well. So a forger needs a source for each lineage that it wants to keep, and cannot take all the room with one machine.
 */
import type { SocketAddress } from '#shared/endpoint';
import { sourceOf } from './limits';
import { type End, otherSide, type PerSide, Session, type Side } from './session';
import { isSameAddress } from './verdict';

export interface Route {
  readonly session: Session;
  /** Who chose the index, and so receives what carries it. */
  readonly to: Side;
}

/** Previous, current and next (WireGuard paper, section 6.3), and one whose answer was lost. */
const maxSessionsPerLineage = 4;
const maxLineages = 6;
/** WireGuard's keys die after 180 s (REJECT_AFTER_TIME). */
const sessionIdleMs = 190_000;
/** Data goes both ways at least every 25 s, the persistent keepalive; one may be lost. */
const unusedMs = 60_000;
/** A session that was not used within two of WireGuard's retries will not be. */
const newMs = 10_000;

export class Sessions {
  #lineages: Session[][] = [];
  #offloadedEnds = 0;
  #forgottenAtMs = -Infinity;

  /** The pairs of a relay have a session or two each; looking at all of them takes less time and room than a map. */
  route(index: number): Route | undefined {
    for (const lineage of this.#lineages) {
      for (const session of lineage) {
        if (session.ends[0].index === index) return { session, to: 0 };
        if (session.ends[1].index === index) return { session, to: 1 };
      }
    }
    return undefined;
  }

  /** Takes in an answered handshake; undefined when there is no room for it. */
  add(ends: PerSide<End>, nowMs: number): Session | undefined {
    const addresses = [ends[0].address, ends[1].address] as const;
    const isParent = (session: Session) => session.isBetween(addresses);
    const lineage = this.#lineages.find((one) => one.some(isParent)) ?? [];
    if (lineage.length === 0 && !this.#makeRoom(nowMs)) return undefined;
    if (lineage.length === maxSessionsPerLineage) this.#remove(lineage, leastRecentlyUsed(lineage));
    const confirmed = lineage.some((session) => session.confirmed && isParent(session));
    const session = new Session(ends, nowMs, confirmed);
    this.#replace(lineage, lineage.concat(session));
    return session;
  }

  /** Whether a handshake between these addresses was answered at or after the given time. */
  wasAnswered(addresses: PerSide<SocketAddress>, sinceMs: number): boolean {
    return this.#all().some((session) => session.createdAtMs >= sinceMs && session.isBetween(addresses));
  }

  /** Whether a confirmed session has the player of this side at this address. */
  isKnown(side: Side, address: SocketAddress): boolean {
    // Loops, because a port asks all its pairs this for each initiation of a stranger.
    for (const lineage of this.#lineages) {
      for (const { confirmed, ends } of lineage) {
        if (confirmed && isSameAddress(ends[side].address, address)) return true;
      }
    }
    return false;
  }

  /**
   * Where confirmed sessions have the player of this side, one address per source: first those that have the other
   * player at `partner`, then the others; within both, the most recently heard player first.
   */
  addresses(side: Side, partner: SocketAddress): SocketAddress[] {
    const confirmed = this.#confirmedByFreshness(side);
    const isPartner = ({ ends }: Session) => isSameAddress(ends[otherSide(side)].address, partner);
    const bySource = new Map<string, SocketAddress>();
    for (const { ends } of [...confirmed.filter(isPartner), ...confirmed]) {
      const { address } = ends[side];
      const source = sourceOf(address.address);
      if (!bySource.has(source)) bySource.set(source, address);
    }
    return [...bySource.values()];
  }

  /** Where the player of this side was last heard of in a confirmed session. */
  latestAddress(side: Side): SocketAddress | undefined {
    return this.#confirmedByFreshness(side)[0]?.ends[side].address;
  }

  /** When anything of any session, also of those that are forgotten, last passed. */
  get lastHeardAtMs(): number {
    return Math.max(this.#forgottenAtMs, ...this.#all().map(({ lastHeardAtMs }) => lastHeardAtMs));
  }

  /** Forgets the sessions whose keys must be dead by now. */
  expire(nowMs: number): void {
    for (const lineage of this.#lineages) {
      const expired = lineage.filter(({ lastHeardAtMs }) => nowMs - lastHeardAtMs > sessionIdleMs);
      expired.forEach((session) => this.#remove(lineage, session));
    }
    if (this.#lineages.some(({ length }) => length === 0))
      this.#lineages = this.#lineages.filter(({ length }) => length > 0);
  }

  get size(): number {
    return this.#all().length;
  }

  offloaded(): Session[] {
    return this.#all().filter((session) => session.offloaded);
  }

  /** Counts the sessions that ended while they were offloaded. */
  get offloadedEnds(): number {
    return this.#offloadedEnds;
  }

  #all(): Session[] {
    return this.#lineages.flat();
  }

  #confirmedByFreshness(side: Side): Session[] {
    const confirmed = this.#all().filter((session) => session.confirmed);
    return confirmed.sort((one, other) => other.ends[side].lastDataAtMs - one.ends[side].lastDataAtMs);
  }

  /** By a new array; one that is pushed to takes room for sixteen more. */
  #replace(lineage: Session[], by: Session[]): void {
    const isNew = !this.#lineages.includes(lineage);
    this.#lineages = isNew
      ? this.#lineages.concat([by])
      : this.#lineages.map((one) => (one === lineage ? by : one));
  }

  /** For one more lineage; false when all are to stay. */
  #makeRoom(nowMs: number): boolean {
    if (this.#lineages.length < maxLineages) return true;
    const isUnused = (lineage: Session[]) => !lineage.some((session) => isInUse(session, nowMs));
    const evicted = this.#lineages.find(isUnused) ?? this.#youngestCrowded();
    if (!evicted) return false;
    [...evicted].forEach((session) => this.#remove(evicted, session));
    this.#lineages = this.#lineages.filter((lineage) => lineage !== evicted);
    return true;
  }

  /** Of the lineages both of whose ends share their source with another lineage. */
  #youngestCrowded(): Session[] | undefined {
    const sources = this.#lineages.map(sourcesOf);
    const isShared = (source: string) => sources.filter((ofOne) => ofOne.includes(source)).length > 1;
    return this.#lineages.findLast((_, place) => sources[place]?.every(isShared));
  }

  #remove(lineage: Session[], session: Session): void {
    lineage.splice(lineage.indexOf(session), 1);
    if (session.offloaded) this.#offloadedEnds++;
    this.#forgottenAtMs = Math.max(this.#forgottenAtMs, session.lastHeardAtMs);
  }
}

function isInUse(session: Session, nowMs: number): boolean {
  return nowMs - session.lastUsedAtMs < unusedMs || nowMs - session.createdAtMs < newMs;
}

/** Of both ends, as the newest session has them. */
function sourcesOf(lineage: readonly Session[]): string[] {
  return lineage.at(-1)?.ends.map(({ address }) => sourceOf(address.address)) ?? [];
}

/** The oldest of those that were never used, if any. */
function leastRecentlyUsed(sessions: readonly Session[]): Session {
  return sessions.reduce((least, session) => (session.lastUsedAtMs < least.lastUsedAtMs ? session : least));
}
