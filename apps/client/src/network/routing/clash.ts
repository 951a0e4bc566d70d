/** Whether a network can be a party's on this machine, and which can. Pure. */
import { DEFAULT_NETWORK, virtualNetworks, type VirtualNetwork } from '#shared/party/virtual-ip';
import { contains, overlaps, parseNetwork, type Ipv4Network } from './ipv4-network';
import type { RouteReading, Routing, RuleReading } from './reading';

/** What has a part of the network already. */
export type Clash =
  /** An interface is in a network that the party's is a part of, or that is a part of it. */
  | { readonly by: 'address'; readonly interfaceName: string; readonly place: string }
  /** A router that this machine sends through. */
  | { readonly by: 'gateway'; readonly interfaceName: string | null; readonly place: string }
  /** A route to as much of the network, or to less, which the kernel prefers. */
  | { readonly by: 'route'; readonly interfaceName: string | null; readonly place: string }
  /** A rule that sends packets elsewhere before the main table of routes is asked. */
  | {
      readonly by: 'rule';
      readonly interfaceName: string | null;
      readonly place: string;
      readonly table: string;
    };

/** The priority of the rule for the main table, where nobody changed it (ip-rule(8)). */
const MAIN_PRIORITY = 32_766;

/**
 * @param network of the party, such as `10.66.0.0/16`
 * @param tunnel the party's own interface, which does not count
 */
export function clashOf({ links, routes, rules }: Routing, network: string, tunnel: string): Clash | null {
  const party = parseNetwork(network);
  if (!party) throw new RangeError(`not a network: ${network}`);
  const foreign = routes.filter(({ interfaceName }) => interfaceName !== tunnel);
  return (
    addressClash(links, party, tunnel) ??
    gatewayClash(foreign, party) ??
    routeClash(foreign, party) ??
    ruleClash(rules, foreign, party)
  );
}

/** The second octet in 10.0.0.0/8 from which networks are unusual; below are the networks that people number by hand. */
const FIRST_UNUSUAL = 64;

/**
 * The network of a new party: the usual one if nothing is in its way, else one that nothing here uses, else any that has
 * nothing in its way. Where there is none, or what this machine uses is unknown, the usual one.
 *
 * @param random any whole number from 0 on, by which one of many is taken
 */
export function chooseNetwork(routing: Routing | undefined, tunnel: string, random: number): VirtualNetwork {
  if (!routing) return DEFAULT_NETWORK;
  const isFree = (network: VirtualNetwork) => clashOf(routing, network, tunnel) === null;
  if (isFree(DEFAULT_NETWORK)) return DEFAULT_NETWORK;
  const unusual = virtualNetworks.slice(FIRST_UNUSUAL, 256);
  const start = random % unusual.length;
  const rest = virtualNetworks.filter((network) => !unusual.includes(network));
  const inTurn = [...unusual.slice(start), ...unusual.slice(0, start), ...rest.reverse()];
  const free = inTurn.filter(isFree);
  return free.find((network) => isUntouched(routing, network)) ?? free[0] ?? DEFAULT_NETWORK;
}

/** Whether packets to the network go anywhere but by the default route: what is there would be out of reach. */
function isUntouched({ routes }: Routing, network: string): boolean {
  const party = parseNetwork(network);
  return party !== undefined && !routes.some(({ to }) => to.bits > 0 && overlaps(to, party));
}

/** What is taken, for a sentence that begins with "this machine". */
export function describeClash(clash: Clash): string {
  const by = clash.interfaceName === null ? '' : ` by ${clash.interfaceName}`;
  switch (clash.by) {
    case 'address':
      return `${clash.interfaceName} is in ${clash.place}`;
    case 'gateway':
      return `it sends through the router ${clash.place}${by}`;
    case 'route':
      return `it has a route to ${clash.place}${by}`;
    case 'rule':
      return `a rule sends what is for it elsewhere${by} (routing table ${clash.table}, ${clash.place})`;
  }
}

function addressClash(links: Routing['links'], party: Ipv4Network, tunnel: string): Clash | null {
  for (const { name, addresses } of links) {
    if (name === tunnel) continue;
    for (const { address, prefixBits } of addresses) {
      const place = `${address}/${prefixBits}`;
      const network = parseNetwork(place);
      if (network && overlaps(network, party)) return { by: 'address', interfaceName: name, place };
    }
  }
  return null;
}

function gatewayClash(routes: readonly RouteReading[], party: Ipv4Network): Clash | null {
  for (const { gateways, interfaceName } of routes) {
    const place = gateways.find((gateway) => {
      const address = parseNetwork(gateway);
      return address && contains(party, address);
    });
    if (place !== undefined) return { by: 'gateway', interfaceName, place };
  }
  return null;
}

function routeClash(routes: readonly RouteReading[], party: Ipv4Network): Clash | null {
  const route = routes.find(({ table, to }) => table === 'main' && contains(party, to));
  return route ? { by: 'route', interfaceName: route.interfaceName, place: route.label } : null;
}

function ruleClash(
  rules: readonly RuleReading[],
  routes: readonly RouteReading[],
  party: Ipv4Network,
): Clash | null {
  const mainPriority = rules.find(isMain)?.priority ?? MAIN_PRIORITY;
  for (const { priority, table, isGeneral, to, suppressedBits } of rules) {
    if (priority >= mainPriority || !isGeneral || table === 'main' || table === 'local') continue;
    if (!overlaps(to, party)) continue;
    const route = routes.find(
      (one) =>
        one.table === table &&
        one.type !== 'throw' &&
        overlaps(one.to, party) &&
        one.to.bits > suppressedBits,
    );
    if (route) return { by: 'rule', interfaceName: route.interfaceName, place: route.label, table };
  }
  return null;
}

/** The rule after which the party's own route decides. */
function isMain({ table, isGeneral, to, suppressedBits }: RuleReading): boolean {
  // With the default route suppressed it still finds the party's, which is longer.
  return table === 'main' && isGeneral && to.bits === 0 && suppressedBits < 16;
}
