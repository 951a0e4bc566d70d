import { networkInterfaces } from 'node:os';

interface InterfaceAddress {
  readonly interfaceName: string;
  readonly address: string;
  /** The length of the prefix of the network that the address is in. */
  readonly prefixBits: number;
}

/** The addresses of this machine's network interfaces, in the system's order; loopback left out. */
export function interfaceAddresses(): InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([interfaceName, entries = []]) =>
    entries
      .filter(({ internal }) => !internal)
      .map(({ address, family, cidr }) => {
        // A netmask with gaps has no prefix (`cidr` is null); the address then stands for itself alone.
        const prefixBits = Number(cidr?.split('/')[1] ?? (family === 'IPv4' ? 32 : 128));
        return { interfaceName, address, prefixBits };
      }),
  );
}
