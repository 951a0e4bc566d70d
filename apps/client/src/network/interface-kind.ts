/** What a network interface is, as far as its name tells. Pure. */

export type InterfaceKind = 'inner' | 'tunnel' | 'other';

/** Networks inside this machine, of containers and virtual machines: nobody else is there. And other parties. */
const inner = /^(?:docker|br-|veth|virbr|vmnet|vboxnet|lxc|lxd|cni|flannel|podman|lanrage)/;
/** Other virtual private networks: they lead to the peer by a detour, if at all. */
const tunnel =
  /^(?:tun|tap|utun|wg|wt|tailscale|zt|nebula|edge|ham|ppp|ipsec|vti|gre|sit|nordlynx|proton|mullvad)/;

export function interfaceKind(name: string): InterfaceKind {
  if (inner.test(name)) return 'inner';
  return tunnel.test(name) ? 'tunnel' : 'other';
}
