import { Ipv6Place, placeCommands } from './ipv6';
import { Namespace } from './namespace';
import { Router } from './router';
import { ip, runScript } from './script';
import { Addresses, Lan, defaultRoute } from './topology';

/** The network device of every host; a host's other one is `lo`. */
export const hostDevice = 'eth0';

export interface HostParts {
  name: string;
  namespace: string;
  addresses: Addresses;
  gateway: string;
  router: Router;
  /** The router of its LAN; null for a public host. */
  homeRouter: Namespace | null;
  interfaceName: string;
  /** Null for a public host. */
  lan: Lan | null;
  /** Null without IPv6. */
  ipv6: Ipv6Place | null;
}

/** A machine of a player or a server. */
export class Host extends Namespace {
  constructor(private readonly parts: HostParts) {
    super(parts.namespace);
  }

  get name(): string {
    return this.parts.name;
  }

  /** The host's own (first) IPv4 address: public, or of its LAN. */
  get address(): string {
    return this.parts.addresses[0];
  }

  get addresses(): Addresses {
    return this.parts.addresses;
  }

  /** The host's own (first) global IPv6 address, which is what others see too; null without IPv6. */
  get ipv6Address(): string | null {
    return this.parts.ipv6?.addresses[0] ?? null;
  }

  get router(): Router {
    return this.parts.router;
  }

  /** The router of the host's LAN, the same as `router` unless that is a carrier's. Null for a public host. */
  get homeRouter(): Namespace | null {
    return this.parts.homeRouter;
  }

  get lan(): Lan | null {
    return this.parts.lan;
  }

  /**
   * A name for a WireGuard device that no host of any lab shares. Devices are apart in their namespaces, but
   * wireguard-go's control sockets are not: they lie in /var/run/wireguard by device name.
   */
  get interfaceName(): string {
    return this.parts.interfaceName;
  }

  async linkDown(): Promise<void> {
    await runScript(ip(this.namespace, [`link set ${hostDevice} down`]));
  }

  /** The kernel forgets routes and IPv6 with the link; the host's own come back, what others added does not. */
  async linkUp(): Promise<void> {
    const { gateway, ipv6 } = this.parts;
    const commands = [
      `link set ${hostDevice} up`,
      defaultRoute(gateway, hostDevice),
      ...(ipv6 ? placeCommands(hostDevice, ipv6) : []),
    ];
    await runScript(ip(this.namespace, commands));
  }
}
