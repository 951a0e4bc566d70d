/**
 * nftables rule sets of the lab's routers, in the terms of RFC 4787: "mapping" is how a router chooses the public
 * port of a flow, "filtering" which remote endpoints may answer to it.
 *
 * Linux masquerading keeps the source port and lets only the addressed endpoint answer: a port-restricted cone.
 * Everything else is made from that.
 */

/** What one router does to the packets of its LAN. */
export type RouterKind =
  'full_cone' | 'full_cone_hairpin' | 'address_restricted' | 'port_restricted' | 'symmetric' | 'udp_blocked';

/** What stands between a host and the internet: nothing (`open`), one router, or a home router behind a carrier's. */
export type NatKind = 'open' | RouterKind | 'cgnat' | 'cgnat_symmetric';

export const natKinds: readonly NatKind[] = [
  'open',
  'full_cone',
  'full_cone_hairpin',
  'address_restricted',
  'port_restricted',
  'symmetric',
  'cgnat',
  'cgnat_symmetric',
  'udp_blocked',
];

/** The routers of a NAT kind, from the internet inwards. */
export function routerChain(kind: NatKind): readonly RouterKind[] {
  switch (kind) {
    case 'open':
      return [];
    case 'cgnat':
      return ['port_restricted', 'port_restricted'];
    case 'cgnat_symmetric':
      return ['symmetric', 'port_restricted'];
    default:
      return [kind];
  }
}

export interface RouterAddresses {
  /** IPv4 address of the device `wan`. */
  wanAddress: string;
  /** IPv4 subnet behind the device `lan`, in CIDR notation. */
  lanSubnet: string;
}

/** How many ports a rebinding can move a mapping by; a power of two, so that ports above it stay above it. */
const PORT_SHIFTS = 1024;

/**
 * The rules of a router as input of `nft -f`; they replace the ones that an earlier call made.
 *
 * @param rebindings how often the router has forgotten its mappings. Each time, a LAN port gets another public port,
 *   still the same one towards every destination if the kind is a cone.
 */
export function routerRules(kind: RouterKind, addresses: RouterAddresses, rebindings = 0): string {
  return `
table ip nat
delete table ip nat
table ip nat {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname { "lan", "lo" } accept
    ct state established,related accept
    meta l4proto icmp accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ${kind === 'udp_blocked' ? 'meta l4proto udp drop' : ''}
    iifname { "lan", "nat64" } accept
    ct state established,related accept
    ct status dnat accept
  }
  ${isOpenToStrangers(kind) ? inboundRules(kind, addresses.wanAddress) : ''}
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ${kind === 'full_cone_hairpin' ? hairpinSource(addresses) : ''}
    ${kind === 'symmetric' ? 'oifname "wan" meta l4proto udp masquerade random,fully-random' : ''}
    oifname "wan" masquerade
  }
  ${portShift(rebindings % PORT_SHIFTS)}
}
`;
}

function isOpenToStrangers(kind: RouterKind): boolean {
  return kind === 'full_cone' || kind === 'full_cone_hairpin' || kind === 'address_restricted';
}

/**
 * Remembers which LAN host has which public port and lets strangers use it. The remembering must be a filter chain:
 * nat chains see only the first packet of a flow, and the entries would expire under a flow that lives on.
 */
function inboundRules(kind: RouterKind, publicAddress: string): string {
  const restricted = kind === 'address_restricted';
  const from = kind === 'full_cone_hairpin' ? '{ "wan", "lan" }' : '"wan"';
  return `
  map mapped {
    type inet_service : ipv4_addr . inet_service
    flags dynamic,timeout
    timeout 2m
    size 65535
  }
  set permitted {
    type ipv4_addr . inet_service
    flags dynamic,timeout
    timeout 2m
    size 65535
  }
  chain remember {
    type filter hook forward priority mangle;
    iifname "lan" oifname "wan" meta l4proto udp update @mapped { udp sport : ip saddr . udp sport }
    ${restricted ? 'iifname "lan" oifname "wan" meta l4proto udp update @permitted { ip daddr . udp sport }' : ''}
  }
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ${restricted ? 'ip saddr . udp dport != @permitted return' : ''}
    iifname ${from} ip daddr ${publicAddress} meta l4proto udp dnat ip to udp dport map @mapped
  }`;
}

/** RFC 4787 section 6: the hairpinned packet has the sender's public endpoint, or the answer would bypass the router. */
function hairpinSource({ wanAddress, lanSubnet }: RouterAddresses): string {
  return `oifname "lan" ip saddr ${lanSubnet} ct original ip daddr ${wanAddress} snat to ${wanAddress}`;
}

/**
 * Masquerading would give a port its old public port again, so a rebinding moves the ports before conntrack sees
 * them, and back after it.
 */
function portShift(shift: number): string {
  if (shift === 0) return '';
  return `
  chain shift {
    type filter hook prerouting priority raw;
    iifname "lan" udp sport set udp sport ^ ${shift}
  }
  chain unshift {
    type filter hook postrouting priority srcnat + 10;
    oifname "lan" udp dport set udp dport ^ ${shift}
  }`;
}
