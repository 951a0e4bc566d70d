/** How this machine reaches IPv4 addresses just now. */
import { createSocket, type SocketType } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Endpoint } from '#shared/endpoint';
import { formatPrefix, IPV4_ONLY_NAME, prefixesIn, type Nat64Prefix } from './nat64-prefix';
import {
  inwardAddress,
  inwardEndpoint,
  isOutOfReach,
  outwardAddress,
  outwardEndpoint,
  type Ipv4Way,
} from './translation';

/** What the machine is asked. */
export interface Ipv4Questions {
  /** Whether a route leads to the Internet by that protocol; nothing is sent. */
  hasRoute(protocol: 'ipv4' | 'ipv6'): Promise<boolean>;
  /** The IPv6 addresses of a name; empty when it has none, or nobody answers. */
  ipv6AddressesOf(name: string): Promise<readonly string[]>;
}

/** For this long a look counts as new, so that many connections at once cost one look. */
const FRESH_MS = 2_000;
/** For this long a prefix is not asked for again; in a party, it is asked for only when the network changes. */
const PREFIX_FRESH_MS = 60_000;
/** A name server that does not answer must not keep a player from hearing why. */
const ANSWER_LIMIT_MS = 2_000;
/** Where the network changes often, peers may be pointed to what was translated by an earlier one. */
const MOST_FORMER = 4;

const native: Ipv4Way = { kind: 'native' };
const none: Ipv4Way = { kind: 'none' };

/**
 * Knows whether IPv4 works here, or a network without it translates (NAT64), and finds the prefix for that by DNS (RFC 7050).
 * The names of servers need none of it, where the network's name server gives translated addresses (DNS64); addresses that
 * are written down do, and those of relays and players, which are told.
 */
export class Ipv4Access {
  private known: Ipv4Way = native;
  private freshUntilMs = -Infinity;
  private prefixFreshUntilMs = -Infinity;
  private looking: Promise<Ipv4Way> | undefined;
  private asking: Promise<readonly string[]> | undefined;
  /** The latest first. */
  private prefixes: readonly Nat64Prefix[] = [];

  constructor(private readonly questions: Ipv4Questions = questionsToTheMachine) {}

  /** As of the last look; the same object as long as it is the same way. */
  get way(): Ipv4Way {
    return this.known;
  }

  /** Looks, unless that has just been done; takes 2 s at most, and does not fail. */
  async look(): Promise<Ipv4Way> {
    if (performance.now() < this.freshUntilMs) return this.known;
    this.looking ??= this.find().finally(() => (this.looking = undefined));
    return this.looking;
  }

  /** Looks at another network than the last time. */
  async renew(): Promise<Ipv4Way> {
    // What is under way may have asked the former network.
    await this.looking;
    this.freshUntilMs = -Infinity;
    this.prefixFreshUntilMs = -Infinity;
    return this.look();
  }

  outwardAddress(address: string): string {
    return outwardAddress(address, this.known);
  }

  outward(endpoint: Endpoint): Endpoint {
    return outwardEndpoint(endpoint, this.known);
  }

  inwardAddress(address: string): string {
    return inwardAddress(address, this.prefixes);
  }

  inward(endpoint: Endpoint): Endpoint {
    return inwardEndpoint(endpoint, this.prefixes);
  }

  isOutOfReach(address: string): boolean {
    return isOutOfReach(address, this.known);
  }

  private async find(): Promise<Ipv4Way> {
    const [byIpv4, byIpv6] = await Promise.all([
      this.questions.hasRoute('ipv4'),
      this.questions.hasRoute('ipv6'),
    ]);
    if (byIpv4 || !byIpv6) return this.become(native);
    if (this.known.kind === 'nat64' && performance.now() < this.prefixFreshUntilMs)
      return this.become(this.known);
    const [prefix] = prefixesIn(await this.answers());
    this.prefixFreshUntilMs = performance.now() + PREFIX_FRESH_MS;
    return this.become(prefix ? { kind: 'nat64', prefix } : none);
  }

  /** One question at a time: one that nobody answers occupies a thread for long. */
  private answers(): Promise<readonly string[]> {
    this.asking ??= this.questions.ipv6AddressesOf(IPV4_ONLY_NAME).finally(() => (this.asking = undefined));
    return Promise.race([this.asking, delay(ANSWER_LIMIT_MS, [], { ref: false })]);
  }

  private become(way: Ipv4Way): Ipv4Way {
    this.freshUntilMs = performance.now() + FRESH_MS;
    if (nameOf(way) === nameOf(this.known)) return this.known;
    this.known = way;
    if (way.kind === 'nat64') this.remember(way.prefix);
    return way;
  }

  private remember(prefix: Nat64Prefix): void {
    const others = this.prefixes.filter((other) => formatPrefix(other) !== formatPrefix(prefix));
    this.prefixes = [prefix, ...others].slice(0, MOST_FORMER);
  }
}

function nameOf(way: Ipv4Way): string {
  return way.kind === 'nat64' ? formatPrefix(way.prefix) : way.kind;
}

/** Addresses beyond any network of this machine; connecting a UDP socket asks the routing table, and sends nothing. */
const farAway = {
  ipv4: { type: 'udp4', address: '192.0.0.170' },
  ipv6: { type: 'udp6', address: '64:ff9b::c000:aa' },
} as const satisfies Record<string, { type: SocketType; address: string }>;
const DISCARD_PORT = 9;

const questionsToTheMachine: Ipv4Questions = {
  hasRoute(protocol) {
    const { type, address } = farAway[protocol];
    return new Promise((resolve) => {
      const socket = createSocket(type);
      const settle = (hasRoute: boolean) => {
        resolve(hasRoute);
        socket.close();
      };
      socket.once('error', () => settle(false)).once('connect', () => settle(true));
      socket.connect(DISCARD_PORT, address);
    });
  },
  // As servers' names are looked up, so that what serves them serves this one.
  async ipv6AddressesOf(name) {
    const found = await lookup(name, { family: 6, all: true }).catch(() => []);
    return found.map(({ address }) => address);
  },
};

/** This machine's, for all that sends. */
export const ipv4Access = new Ipv4Access();
