/** Why a port cannot be listened on, in one line for the person who starts the program. Pure. */

export interface WantedPort {
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
  /** Local IP address. */
  readonly address: string;
  /** The settings that name another port, or another address. */
  readonly settings: { readonly port: string; readonly address: string };
}

/** @param thrown by binding @returns null when it is no fault of port or address */
export function portFault(thrown: unknown, { protocol, port, address, settings }: WantedPort): string | null {
  const where = `${protocol} port ${port} of ${address}`;
  switch ((thrown as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return `error PORT_IN_USE: Another program uses ${where}. Stop it, or set ${settings.port} to another port.`;
    case 'EACCES':
    case 'EPERM':
      return `error PORT_FORBIDDEN: This user may not use ${where}. Set ${settings.port} to a port above 1023.`;
    case 'EADDRNOTAVAIL':
      return `error ADDRESS_NOT_HERE: ${address} is not an address of this machine. Correct ${settings.address}.`;
    default:
      return null;
  }
}
