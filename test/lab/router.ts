import { PathOptions } from './delay';
import { Namespace } from './namespace';
import { routerRules } from './nat';
import { isIpv6, splitRemote } from './remote';
import { nft, runScript } from './script';
import { SiteRouter, lanSubnet } from './topology';

/** Where a site meets the internet, seen from the core. */
export interface Access {
  core: string;
  coreDevice: string;
  publicAddress: string;
  /** Absent when the path is a plain veth pair, which holds nothing back. */
  setPath?: (path: PathOptions) => Promise<void>;
}

/**
 * The router of a site that owns the public address: the carrier's when there are two. A host without NAT is its own
 * router and has no mappings to forget.
 */
export class Router extends Namespace {
  private rebindings = 0;

  constructor(
    namespace: string,
    private readonly access: Access,
    /** Null for a host without NAT. */
    private readonly nat: SiteRouter | null,
  ) {
    super(namespace);
  }

  /** What the internet sees as the source of packets from this site. */
  get publicAddress(): string {
    return this.access.publicAddress;
  }

  /**
   * Forgets all mappings, like a router that restarts: the next packet of a flow gets another public port, and what
   * is sent to the old one is dropped.
   */
  async rebind(): Promise<void> {
    if (!this.nat) return;
    this.rebindings++;
    const addresses = { wanAddress: this.publicAddress, lanSubnet: lanSubnet(this.nat.lan) };
    const rules = routerRules(this.nat.kind, addresses, this.rebindings);
    await runScript(nft(this.namespace, rules) + `ip netns exec ${this.namespace} conntrack --flush`);
  }

  /**
   * From now on UDP between this site and a remote (`address`, `address:port` or `[address]:port`) vanishes in the internet, both ways,
   * without an error for anybody. Further calls add remotes; without one, all UDP vanishes.
   *
   * @param direction `out`: only what the site sends vanishes
   */
  async dropUdp({ to, direction = 'both' }: { to?: string; direction?: 'out' | 'both' } = {}): Promise<void> {
    const { core, coreDevice } = this.access;
    const incoming = direction === 'both' ? `oifname "${coreDevice}" ${remoteMatch('s', to)} drop` : '';
    const rules = `
table inet ${this.dropTable} {
  chain forward {
    type filter hook forward priority filter;
    iifname "${coreDevice}" ${remoteMatch('d', to)} drop
    ${incoming}
  }
}`;
    await runScript(nft(core, rules));
  }

  /** Undoes every `dropUdp`. */
  async restoreUdp(): Promise<void> {
    // Declared first, because deleting what is not there would fail.
    await runScript(
      nft(this.access.core, `table inet ${this.dropTable}\ndelete table inet ${this.dropTable}`),
    );
  }

  /** From now on TCP between this site and a remote address ends with a reset, as soon as either side sends. */
  async rejectTcp(address: string): Promise<void> {
    const { core, coreDevice } = this.access;
    const rules = `
table inet ${this.rejectTable} {
  chain forward {
    type filter hook forward priority filter;
    iifname "${coreDevice}" ip daddr ${address} meta l4proto tcp reject with tcp reset
    oifname "${coreDevice}" ip saddr ${address} meta l4proto tcp reject with tcp reset
  }
}`;
    await runScript(nft(core, rules));
  }

  /** Undoes {@link rejectTcp}. */
  async restoreTcp(): Promise<void> {
    const { core } = this.access;
    await runScript(nft(core, `table inet ${this.rejectTable}\ndelete table inet ${this.rejectTable}`));
  }

  /**
   * Changes delay, jitter and loss of the path to the internet.
   *
   * @throws Error for a site that was built without any: its packets go through nothing that could hold them.
   */
  async setPath(path: PathOptions): Promise<void> {
    if (!this.access.setPath)
      throw new Error('Only a path built with a delay, jitter or loss can be changed');
    await this.access.setPath(path);
  }

  private get rejectTable(): string {
    return `reject_${this.access.coreDevice}`;
  }

  private get dropTable(): string {
    return `drop_${this.access.coreDevice}`;
  }
}

/** Matches UDP to (`d`) or from (`s`) a remote. */
function remoteMatch(side: 'd' | 's', remote?: string): string {
  if (!remote) return 'meta l4proto udp';
  const { address, port } = splitRemote(remote);
  const family = isIpv6(address) ? 'ip6' : 'ip';
  return `${family} ${side}addr ${address} ${port ? `udp ${side}port ${port}` : 'meta l4proto udp'}`;
}
