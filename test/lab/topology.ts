/**
 * What the lab's network is made of, as scripts. The core (`internet`) is a router with one point-to-point link to
 * every site; a site is a host with public addresses, or a chain of routers with a LAN.
 */
import { coreIpv6Address } from './ipv6';
import { forwardPackets, ip, nft } from './script';
import { RouterKind, routerRules } from './nat';

/** The core's own address, next hop of every site. From 192.0.2.0/24, TEST-NET-1 of RFC 5737. */
export const coreAddress = '192.0.2.1';

/** The first 254 addresses are TEST-NET-3, the next 254 TEST-NET-2 (RFC 5737). */
export function publicAddress(index: number): string {
  if (index >= 2 * 254) throw new RangeError('The lab has no public address left');
  return index < 254 ? `203.0.113.${index + 1}` : `198.51.100.${index - 254 + 1}`;
}

/** A host's own addresses, at least one. */
export type Addresses = readonly [string, ...string[]];

/** The LAN of a router: a bridge `lan` with the first address of a /24. */
export interface Lan {
  /** The router's namespace. */
  router: string;
  /** The first three octets, `192.168.10`. */
  prefix: string;
  /** The first four groups, `2001:db8:0:1`; null without IPv6. */
  ipv6Prefix: string | null;
}

export function lanSubnet(lan: Lan): string {
  return `${lan.prefix}.0/24`;
}

export function lanGateway(lan: Lan): string {
  return `${lan.prefix}.1`;
}

/** The address of a LAN's member, counted from 0. */
export function lanAddress(lan: Lan, member: number): string {
  return `${lan.prefix}.${member + 2}`;
}

export function coreScript(core: string): string {
  const addresses = [`${coreAddress}/32`, `${coreIpv6Address}/128`];
  const commands = ['link set lo up', ...addresses.map((address) => `address add ${address} dev lo`)];
  return ip(null, [`netns add ${core}`]) + ip(core, commands) + forwardPackets(core);
}

export function namespacesScript(names: readonly string[]): string {
  return ip(
    null,
    names.map((name) => `netns add ${name}`),
  );
}

export interface Uplink {
  namespace: string;
  device: string;
  core: string;
  coreDevice: string;
  addresses: Addresses;
  /** True when a program between two TUN devices holds the packets back, false for a plain veth pair. */
  held: boolean;
}

/** Joins a namespace to the core and gives it its public addresses. */
export function uplinkScript({ namespace, device, core, coreDevice, addresses, held }: Uplink): string {
  const pair = `link add name ${device} netns ${namespace} type veth peer name ${coreDevice} netns ${core}`;
  return (
    ip(null, held ? [] : [pair]) +
    ip(namespace, [
      ...(held ? tunDevice(device) : []),
      'link set lo up',
      ...addresses.map((address) => `address add ${address}/32 dev ${device}`),
      `link set ${device} up`,
      defaultRoute(coreAddress, device),
    ]) +
    ip(core, [
      ...(held ? tunDevice(coreDevice) : []),
      `link set ${coreDevice} up`,
      ...addresses.map((address) => `route add ${address}/32 dev ${coreDevice}`),
    ])
  );
}

/** The queue takes what arrives while the program that reads it does not get the processor. */
function tunDevice(device: string): string[] {
  return [`tuntap add dev ${device} mode tun`, `link set ${device} txqueuelen 4096`];
}

export interface SiteRouter {
  kind: RouterKind;
  lan: Lan;
}

/**
 * Everything of a site but its uplink: routers from the internet inwards, each with its `wan` in the LAN of the one
 * before it, and a host in the LAN of the last.
 */
export function siteScript(
  wanAddress: string,
  routers: readonly SiteRouter[],
  host: string,
  hostDevice: string,
): string {
  const [router, ...inner] = routers;
  if (!router) return '';
  const [next] = inner;
  const address = lanAddress(router.lan, 0);
  return (
    routerScript(router, wanAddress) +
    lanMemberScript(next?.lan.router ?? host, next ? 'wan' : hostDevice, address, router.lan) +
    siteScript(address, inner, host, hostDevice)
  );
}

/** Makes a namespace that has its `wan` a router with a LAN. */
function routerScript({ kind, lan }: SiteRouter, wanAddress: string): string {
  return (
    ip(lan.router, [
      'link add name lan type bridge',
      `address add ${lanGateway(lan)}/24 dev lan`,
      'link set lan up',
    ]) +
    forwardPackets(lan.router) +
    nft(lan.router, routerRules(kind, { wanAddress, lanSubnet: lanSubnet(lan) }))
  );
}

/** Connects a namespace to a LAN, which becomes its way to everywhere; `address` must be in its /24. */
export function lanMemberScript(namespace: string, device: string, address: string, lan: Lan): string {
  return (
    lanJoinScript(namespace, device, address, lan) + ip(namespace, [defaultRoute(lanGateway(lan), device)])
  );
}

/** Connects a namespace to a LAN without a route to elsewhere; `address` must be in its /24. */
export function lanJoinScript(namespace: string, device: string, address: string, lan: Lan): string {
  const port = `port${address.slice(address.lastIndexOf('.') + 1)}`;
  const pair = `link add name ${device} netns ${namespace} type veth peer name ${port} netns ${lan.router}`;
  return (
    ip(null, [pair]) +
    ip(lan.router, [`link set ${port} master lan up`]) +
    ip(namespace, ['link set lo up', `address add ${address}/24 dev ${device}`, `link set ${device} up`])
  );
}

/** `onlink`: the core's address is in no subnet of the sites. */
export function defaultRoute(gateway: string, device: string): string {
  return `route add default via ${gateway} dev ${device} onlink`;
}
