import { networkInterfaces } from 'node:os';

/** The addresses of this machine's network interfaces, in the system's order; loopback left out. */
export function interfaceAddresses(): { interfaceName: string; address: string }[] {
  return Object.entries(networkInterfaces()).flatMap(([interfaceName, entries = []]) =>
    entries.filter(({ internal }) => !internal).map(({ address }) => ({ interfaceName, address })),
  );
}
