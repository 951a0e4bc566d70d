/**
 * Networks that carry IPv6 alone. Debian's tayga on the home router of a host is a NAT64 (RFC 6146) together with the router's
 * own NAT: tayga gives every IPv6 host an IPv4 address of its own, and the router masquerades that.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Host, hostDevice } from './host';
import type { Namespace } from './namespace';
import { ip, runScript } from './script';

/** As the rules of routers know it, see nat.ts. */
const device = 'nat64';
const pool = '192.168.255';

/** Takes IPv4 from a host. */
export async function withoutIpv4(host: Host): Promise<void> {
  await runScript(ip(host.namespace, [`address delete ${host.address}/24 dev ${hostDevice}`]));
}

export class Nat64 {
  private constructor(
    private readonly router: Namespace,
    private readonly daemon: ChildProcess,
  ) {}

  /**
   * Translates for the LAN of a host with IPv6.
   *
   * @param prefix of RFC 6052, as in `2001:db8:64::/96`. Not 64:ff9b::/96: the public addresses of the lab are none in tayga's
   *   eyes, which it does not translate by that one; nor one of RFC 8215, which it does not know.
   */
  static async start(host: Host, prefix: string): Promise<Nat64> {
    const { homeRouter: router, lan } = host;
    if (!router || !lan?.ipv6Prefix) throw new Error(`${host.name} is on no LAN with IPv6`);
    await runScript(
      ip(router.namespace, [
        `tuntap add dev ${device} mode tun`,
        `link set ${device} up`,
        `route add ${pool}.0/24 dev ${device}`,
        `route add ${prefix} dev ${device}`,
      ]),
    );
    const configuration = `
tun-device ${device}
ipv4-addr ${pool}.1
ipv6-addr ${lan.ipv6Prefix}::64
prefix ${prefix}
dynamic-pool ${pool}.0/24`;
    const script = `exec tayga -d -c /dev/fd/3 3<<'END'${configuration}\nEND`;
    const daemon = router.spawn(['sh', '-c', script], { stdio: 'ignore' });
    // The device has a carrier as soon as tayga has it.
    const isUp = `until grep -q 1 /sys/class/net/${device}/carrier; do sleep 0.02; done`;
    const { code } = await router.exec(['sh', '-c', isUp], { timeoutMs: 5_000 });
    if (code !== 0) throw new Error('tayga does not translate');
    return new Nat64(router, daemon);
  }

  /** Ends it; what it has translated goes nowhere any more. */
  async stop(): Promise<void> {
    const ended = once(this.daemon, 'exit');
    this.daemon.kill();
    await ended;
    await runScript(ip(this.router.namespace, [`link delete ${device}`]));
  }
}
