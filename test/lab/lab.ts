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
import { DelayProgram, PathOptions, needsHolding } from './delay';
import { Host, HostParts, hostDevice } from './host';
import { Namespace } from './namespace';
import { NatKind, RouterKind, routerChain } from './nat';
import { Router } from './router';
import { runScript } from './script';
import {
  Addresses,
  Lan,
  SiteRouter,
  Uplink,
  coreAddress,
  coreScript,
  lanAddress,
  lanGateway,
  lanMemberScript,
  namespacesScript,
  publicAddress,
  siteScript,
  uplinkScript,
} from './topology';

export interface PublicHostOptions extends PathOptions {
  /** How many public addresses the host has; 1 unless told. */
  addresses?: number;
}

export interface NatOptions extends PathOptions {
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
  private readonly membersOfLan = new Map<Lan, number>();
  private delayProgram: Promise<DelayProgram> | undefined;
  private publicAddresses = 0;
  private lans = 0;
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
  async publicHost(name: string, { addresses = 1, ...path }: PublicHostOptions = {}): Promise<Host> {
    const namespace = this.namespaceOf(name);
    const own = this.allotPublicAddresses(addresses);
    const uplink = this.uplink(name, namespace, hostDevice, own, path);
    await runScript(namespacesScript([namespace]) + uplinkScript(uplink));
    const router = await this.connect(uplink, path, null);
    return this.addHost({ name, addresses: own, gateway: coreAddress, router, homeRouter: null, lan: null });
  }

  /** A host behind a NAT of its own; with the kind `open`, a public host. */
  async hostBehind(name: string, kind: NatKind, { lanPrefix, ...path }: NatOptions = {}): Promise<Host> {
    const routers = this.routersOf(name, routerChain(kind), lanPrefix);
    const [outer] = routers;
    const home = routers.at(-1);
    if (!outer || !home) return this.publicHost(name, path);
    const [wanAddress] = this.allotPublicAddresses(1);
    const uplink = this.uplink(name, outer.lan.router, 'wan', [wanAddress], path);
    const namespace = this.namespaceOf(name);
    await runScript(
      namespacesScript([namespace, ...routers.map(({ lan }) => lan.router)]) +
        uplinkScript(uplink) +
        siteScript(wanAddress, routers, namespace, hostDevice),
    );
    const router = await this.connect(uplink, path, outer);
    const homeRouter = home === outer ? router : this.add(new Namespace(home.lan.router));
    return this.addHost({ name, router, homeRouter, lan: home.lan, ...this.allotLanAddress(home.lan) });
  }

  /** One more host on the LAN of another. */
  async sameLanAs(neighbour: Host, name: string): Promise<Host> {
    const { lan, router, homeRouter } = neighbour;
    if (!lan) throw new Error(`${neighbour.name} is on no LAN`);
    const namespace = this.namespaceOf(name);
    const place = this.allotLanAddress(lan);
    await runScript(
      namespacesScript([namespace]) + lanMemberScript(namespace, hostDevice, place.addresses[0], lan),
    );
    return this.addHost({ name, router, homeRouter, lan, ...place });
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
      return { kind, lan: { router: this.namespaceOf(`${name}-${isHome ? 'router' : 'carrier'}`), prefix } };
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

  private allotLanAddress(lan: Lan): { addresses: Addresses; gateway: string } {
    const member = this.membersOfLan.get(lan) ?? 0;
    this.membersOfLan.set(lan, member + 1);
    return { addresses: [lanAddress(lan, member)], gateway: lanGateway(lan) };
  }
}
