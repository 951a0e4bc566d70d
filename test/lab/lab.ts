/**
 * Hosts and NATs in network namespaces of this machine, for tests and benchmarks. See README.md.
 *
 * ```
 * alice ── alice-router ──┐ delay                          home: LAN 192.168.x.0/24 behind a public address
 * bob ── bob-router ── bob-carrier ──┐ delay               CGNAT: 100.64.x.0/24 between the two routers
 *                         internet ──┴── server            server: public addresses of its own
 * ```
 */
import { Guardian, LabId, newLabId, sweepDeadLabs } from './cleanup';
import { DelayProgram, PathOptions, TunDevice, needsHolding } from './delay';
import { Host, HostParts, hostDevice } from './host';
import {
  Ipv6Access,
  Ipv6Site,
  lanPlace,
  placeCommands,
  publicHostScript,
  publicPlace,
  routersScript,
  sitePrefix,
} from './ipv6';
import { Namespace } from './namespace';
import { NatKind, RouterKind, routerChain } from './nat';
import { Router } from './router';
import { ip, runScript } from './script';
import {
  Addresses,
  Lan,
  SiteRouter,
  Uplink,
  coreAddress,
  coreScript,
  lanAddress,
  lanGateway,
  lanJoinScript,
  lanMemberScript,
  namespacesScript,
  publicAddress,
  siteScript,
  uplinkScript,
} from './topology';

export interface SiteOptions extends PathOptions {
  /** Gives the site IPv6 as well: a prefix of its own, which no router translates. */
  ipv6?: Ipv6Access;
}

export interface PublicHostOptions extends SiteOptions {
  /** How many public addresses the host has, of each family; 1 unless told. */
  addresses?: number;
}

export interface NatOptions extends SiteOptions {
  /**
   * First three octets of the LAN's addresses. Unless told, every LAN has its own; homes that use the same ones are
   * what real players have.
   */
  lanPrefix?: string;
}

/** `to-` and a name is a device in the core; those have at most 15 characters. */
const HOST_NAME = /^[a-z][a-z0-9]{0,11}$/;

const FIRST_LAN = 10;

export class Lab {
  private readonly namespaces: Namespace[] = [];
  /** By the namespace of the LAN's router. */
  private readonly membersOfLan = new Map<string, number>();
  private delayProgram: Promise<DelayProgram> | undefined;
  private publicAddresses = 0;
  private lans = 0;
  private ipv6Prefixes = 0;
  private hosts = 0;

  private constructor(
    private readonly id: LabId,
    private readonly guardian: Guardian,
    /** The core that all sites are linked to, by devices named `to-` and the host's name. */
    readonly internet: Namespace,
  ) {
    this.namespaces.push(internet);
  }

  /** An empty internet. Also removes what labs of dead processes left behind. */
  static async create(): Promise<Lab> {
    const id = newLabId();
    const guardian = new Guardian(id);
    const internet = new Namespace(`${id.namespacePrefix}internet`);
    await Promise.all([sweepDeadLabs(), runScript(coreScript(internet.namespace))]);
    return new Lab(id, guardian, internet);
  }

  /** A host with public addresses and no NAT. */
  async publicHost(name: string, { addresses = 1, ipv6, ...path }: PublicHostOptions = {}): Promise<Host> {
    const namespace = this.namespaceOf(name);
    const own = this.allotPublicAddresses(addresses);
    const uplink = this.uplink(name, namespace, hostDevice, own, path);
    await runScript(namespacesScript([namespace]) + uplinkScript(uplink));
    const router = await this.connect(uplink, path, null);
    const site = this.ipv6Site(uplink, ipv6);
    const place = site && publicPlace(site.prefix, addresses);
    if (place) await runScript(publicHostScript(site, namespace, hostDevice, place));
    const parts = { gateway: coreAddress, router, homeRouter: null, lan: null, ipv6: place };
    return this.addHost({ name, addresses: own, ...parts });
  }

  /** A host behind a NAT of its own; with the kind `open`, a public host. */
  async hostBehind(name: string, kind: NatKind, options: NatOptions = {}): Promise<Host> {
    const { lanPrefix, ...siteOptions } = options;
    const { ipv6, ...path } = siteOptions;
    const routers = this.routersOf(name, routerChain(kind), lanPrefix);
    const [outer] = routers;
    const home = routers.at(-1);
    if (!outer || !home) return this.publicHost(name, siteOptions);
    const [wanAddress] = this.allotPublicAddresses(1);
    const uplink = this.uplink(name, outer.lan.router, 'wan', [wanAddress], path);
    const namespace = this.namespaceOf(name);
    await runScript(
      namespacesScript([namespace, ...routers.map(({ lan }) => lan.router)]) +
        uplinkScript(uplink) +
        siteScript(wanAddress, routers, namespace, hostDevice),
    );
    const router = await this.connect(uplink, path, outer);
    const site = this.ipv6Site(uplink, ipv6);
    if (site) await runScript(routersScript(site, routers));
    const homeRouter = home === outer ? router : this.add(new Namespace(home.lan.router));
    const lan = { ...home.lan, ipv6Prefix: site?.prefix ?? null };
    return this.addLanMember({ name, router, homeRouter, lan }, this.allotMember(lan));
  }

  /** One more host on the LAN of another. */
  async sameLanAs(neighbour: Host, name: string): Promise<Host> {
    const { lan, router, homeRouter } = neighbour;
    if (!lan) throw new Error(`${neighbour.name} is on no LAN`);
    const namespace = this.namespaceOf(name);
    const member = this.allotMember(lan);
    const address = lanAddress(lan, member);
    await runScript(namespacesScript([namespace]) + lanMemberScript(namespace, hostDevice, address, lan));
    return this.addLanMember({ name, router, homeRouter, lan }, member);
  }

  /** A private network between two hosts besides the internet, such as another VPN: a device of this name in each. */
  async tunnelBetween(
    hosts: readonly [Host, Host],
    { device, prefix, ...path }: PathOptions & { device: string; prefix: string },
  ): Promise<void> {
    const [one, other] = hosts.map(({ namespace }, index) => ({
      namespace,
      device,
      commands: [
        `tuntap add dev ${device} mode tun`,
        `address add ${prefix}.${index + 1}/24 dev ${device}`,
        `link set ${device} up`,
      ],
    })) as [TunDevice & { commands: string[] }, TunDevice & { commands: string[] }];
    await runScript(ip(one.namespace, one.commands) + ip(other.namespace, other.commands));
    this.delayProgram ??= DelayProgram.start();
    await (await this.delayProgram).link(one, other, path);
  }

  /** Puts a host on another LAN as well, by a second device; it goes on sending by the first one. */
  async alsoInLanOf(host: Host, neighbour: Host, device: string): Promise<void> {
    const { lan } = neighbour;
    if (!lan) throw new Error(`${neighbour.name} is on no LAN`);
    const address = lanAddress(lan, this.allotMember(lan));
    await runScript(lanJoinScript(host.namespace, device, address, lan));
  }

  /** Kills whatever runs in the lab and removes it. */
  async close(): Promise<void> {
    const ended = this.namespaces.map((namespace) => namespace.kill());
    await this.guardian.finish();
    await Promise.all(ended);
    await (await this.delayProgram)?.stop();
  }

  private routersOf(name: string, chain: readonly RouterKind[], homePrefix?: string): SiteRouter[] {
    return chain.map((kind, index) => {
      const isHome = index === chain.length - 1;
      const number = FIRST_LAN + this.lans++;
      const prefix = isHome ? (homePrefix ?? `192.168.${number}`) : `100.64.${number}`;
      const router = this.namespaceOf(`${name}-${isHome ? 'router' : 'carrier'}`);
      return { kind, lan: { router, prefix, ipv6Prefix: null } };
    });
  }

  private uplink(
    name: string,
    namespace: string,
    device: string,
    addresses: Addresses,
    path: PathOptions,
  ): Uplink {
    if (!HOST_NAME.test(name)) throw new Error(`Not a name for a host: ${name}`);
    const core = this.internet.namespace;
    return { namespace, device, core, coreDevice: `to-${name}`, addresses, held: needsHolding(path) };
  }

  /** Lets the delay program join the two ends of an uplink, if it is one to be held back. */
  private async connect(uplink: Uplink, path: PathOptions, nat: SiteRouter | null): Promise<Router> {
    const { namespace, device, core, coreDevice, addresses, held } = uplink;
    const [address] = addresses;
    const access = { core, coreDevice, publicAddress: address };
    if (!held) return this.add(new Router(namespace, access, nat));
    this.delayProgram ??= DelayProgram.start();
    const program = await this.delayProgram;
    const link = await program.link({ namespace, device }, { namespace: core, device: coreDevice }, path);
    const setPath = (changed: PathOptions) => program.setPath(link, changed);
    return this.add(new Router(namespace, { ...access, setPath }, nat));
  }

  private ipv6Site({ core, coreDevice }: Uplink, access: Ipv6Access | undefined): Ipv6Site | null {
    return access ? { prefix: sitePrefix(++this.ipv6Prefixes), core, coreDevice, access } : null;
  }

  /** Gives IPv6 to a host that is connected to a LAN, if the LAN has it. */
  private async addLanMember(
    parts: Pick<HostParts, 'name' | 'router' | 'homeRouter'> & { lan: Lan },
    member: number,
  ): Promise<Host> {
    const { lan, name } = parts;
    const ipv6 = lan.ipv6Prefix === null ? null : lanPlace(lan.ipv6Prefix, member);
    if (ipv6) await runScript(ip(this.namespaceOf(name), placeCommands(hostDevice, ipv6)));
    return this.addHost({ ...parts, addresses: [lanAddress(lan, member)], gateway: lanGateway(lan), ipv6 });
  }

  /** Members of a LAN are counted from 0. */
  private allotMember(lan: Lan): number {
    const member = this.membersOfLan.get(lan.router) ?? 0;
    this.membersOfLan.set(lan.router, member + 1);
    return member;
  }

  private addHost(parts: Omit<HostParts, 'namespace' | 'interfaceName'>): Host {
    const namespace = this.namespaceOf(parts.name);
    const interfaceName = `${this.id.interfacePrefix}${this.hosts++}`;
    return this.add(new Host({ ...parts, namespace, interfaceName }));
  }

  private add<T extends Namespace>(namespace: T): T {
    this.namespaces.push(namespace);
    return namespace;
  }

  private namespaceOf(name: string): string {
    return `${this.id.namespacePrefix}${name}`;
  }

  private allotPublicAddresses(count: number): Addresses {
    const [first, ...rest] = Array.from({ length: count }, () => publicAddress(this.publicAddresses++));
    if (!first) throw new RangeError('A host needs an address');
    return [first, ...rest];
  }
}
