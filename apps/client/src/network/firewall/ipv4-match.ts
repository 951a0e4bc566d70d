/** Addresses in rules of firewalls. Pure. */

/** @returns 32 bits; null for what is none */
export function ipv4Number(address: string): number | null {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  if (!octets || octets.some((octet) => octet > 255)) return null;
  return octets.reduce((number, octet) => number * 256 + octet, 0);
}

/** @param network `10.66.0.0/16`, `10.66.0.0/255.255.0.0` or an address; null: cannot be told */
export function isInNetwork(address: string, network: string): boolean | null {
  const [base = '', length = '32'] = network.split('/');
  const [wanted, first] = [ipv4Number(address), ipv4Number(base)];
  const mask = length.includes('.') ? ipv4Number(length) : maskOf(Number(length));
  if (wanted === null || first === null || mask === null) return null;
  return (wanted & mask) === (first & mask);
}

function maskOf(bits: number): number | null {
  if (!Number.isInteger(bits) || bits < 0 || bits > 32) return null;
  return bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
}
