/**
 * IPv6 of the lab: every site that has it gets a /64 of 2001:db8::/48 (documentation prefix, RFC 3849), which all routers
 * forward without translating it. Links between routers need no addresses but link-local ones.
 */
import { RouterKind } from './nat';
import { ip, nft } from './script';

/** Who may send to a host unasked: everybody, or nobody but those whom it has sent to. */
export type Ipv6Access = 'open' | 'firewalled';

/** A host's own addresses and next hop, to be given to it whenever its link comes up. */
export interface Ipv6Place {
  /** Global, at least one. */
  addresses: readonly [string, ...string[]];
  gateway: string;
}

/** The core's own address, 2001:db8:0:0::1. */
export const coreIpv6Address = '2001:db8::1';
const towardsInternet = 'fe80::1';
const towardsSite = 'fe80::2';

/** The first four groups of a site's addresses; numbers count from 1. */
export function sitePrefix(number: number): string {
  return `2001:db8:0:${number.toString(16)}`;
}

/** Where a site without a router is: the whole prefix is routed to the host. */
export function publicPlace(prefix: string, count: number): Ipv6Place {
  const more = Array.from({ length: count - 1 }, (_, index) => `${prefix}::${index + 2}`);
  return { addresses: [`${prefix}::1`, ...more], gateway: towardsInternet };
}

/** Where a member of a LAN is, counted from 0; the router has the first address. */
export function lanPlace(prefix: string, member: number): Ipv6Place {
  return { addresses: [`${prefix}::${(member + 2).toString(16)}`], gateway: `${prefix}::1` };
}

/** What gives a host its place. */
export function placeCommands(device: string, { addresses, gateway }: Ipv6Place): string[] {
  const isPublic = gateway === towardsInternet;
  return [
    ...(isPublic ? [addressCommand(`${towardsSite}/64`, device)] : []),
    ...addresses.map((address) => addressCommand(`${address}/${isPublic ? 128 : 64}`, device)),
    `route replace ::/0 via ${gateway} dev ${device}`,
  ];
}

export interface Ipv6Site {
  prefix: string;
  core: string;
  coreDevice: string;
  access: Ipv6Access;
}

/** Routes a site's prefix to a public host, and gives that its place. */
export function publicHostScript(
  site: Ipv6Site,
  namespace: string,
  device: string,
  place: Ipv6Place,
): string {
  return (
    ip(site.core, routeCommands(site.coreDevice, site.prefix)) +
    ip(namespace, placeCommands(device, place)) +
    (site.access === 'firewalled' ? nft(namespace, hostFirewall) : '')
  );
}

/** Routes a site's prefix through its routers, given from the internet inwards, into the LAN of the last. */
export function routersScript(
  site: Ipv6Site,
  routers: readonly { lan: { router: string }; kind: RouterKind }[],
): string {
  const home = routers.at(-1);
  const inner = routers.map(({ lan }, index) => {
    const isHome = index === routers.length - 1;
    return ip(lan.router, [
      addressCommand(`${towardsSite}/64`, 'wan'),
      `route replace ::/0 via ${towardsInternet} dev wan`,
      ...(isHome ? [addressCommand(`${site.prefix}::1/64`, 'lan')] : routeCommands('lan', site.prefix)),
    ]);
  });
  return (
    ip(site.core, routeCommands(site.coreDevice, site.prefix)) +
    inner.join('') +
    (home ? nft(home.lan.router, routerFirewall(site.access, home.kind)) : '')
  );
}

function routeCommands(device: string, prefix: string): string[] {
  return [
    addressCommand(`${towardsInternet}/64`, device),
    `route replace ${prefix}::/64 via ${towardsSite} dev ${device}`,
  ];
}

/** Without duplicate address detection, which takes a second. */
function addressCommand(address: string, device: string): string {
  return `address replace ${address} dev ${device} nodad`;
}

/** RFC 6092: a home router without a setting lets in what has been asked for. */
function routerFirewall(access: Ipv6Access, kind: RouterKind): string {
  return `
table ip6 firewall {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname { "lan", "lo" } accept
    ct state established,related accept
    meta l4proto ipv6-icmp accept
  }
  chain forward {
    type filter hook forward priority filter; policy ${access === 'open' ? 'accept' : 'drop'};
    ${kind === 'udp_blocked' ? 'meta l4proto udp drop' : ''}
    iifname "lan" accept
    ct state established,related accept
  }
}`;
}

/** Neighbour discovery is no flow that could be established. */
const hostFirewall = `
table ip6 firewall {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
  }
}`;
