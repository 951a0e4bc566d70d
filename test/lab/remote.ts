/** A remote host, or an endpoint of it. */
export interface Remote {
  /** Without brackets. */
  address: string;
  port: string | undefined;
}

/** Takes `address`, `address:port` or `[address]:port` apart. */
export function splitRemote(text: string): Remote {
  const [, ipv6, ipv4, port] = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::(\d+))?$/.exec(text) ?? [];
  return { address: ipv6 ?? ipv4 ?? text, port };
}

export function isIpv6(address: string): boolean {
  return address.includes(':');
}

/** `address:port`, with brackets around an IPv6 address. */
export function joinRemote(address: string, port: number): string {
  return isIpv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}
