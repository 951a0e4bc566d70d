/** Which games of this machine do not hear what others carry to it, by how they listen. Pure. */
import { hasPort } from '../network/guard/exposure';
import { placeOf, socketsIn, type SocketTables } from '../network/ports/listeners';
import { numberOf } from './packet';
import { deniedGroups, deniedPorts, gamePorts } from './ports';

export interface DeafListener {
  readonly port: number;
  /** What it listens on, a dotted quad. */
  readonly address: string;
  /**
   * `elsewhere`: on another address of this machine alone, such as that of its home network. `group`: on a group's address.
   * `shared`: others listen on the port as well, and one of them hears.
   */
  readonly why: 'elsewhere' | 'group' | 'shared';
}

/** @param ownIp the address in the party, a dotted quad */
export function deafListeners({ udp, udp6 }: SocketTables, ownIp: string): DeafListener[] {
  const tables = [socketsIn(udp, 'udp'), socketsIn(udp6, 'udp')];
  const sockets = tables.flat();
  const isHeard = (port: number) =>
    sockets.some((socket) => socket.port === port && placeOf(socket.address, ownIp) === 'here');
  const deaf = sockets
    .filter(
      ({ address, port }) => isIpv4(address) && placeOf(address, ownIp) === 'elsewhere' && !isHeard(port),
    )
    .flatMap(({ address, port }): DeafListener[] => {
      if (isGroup(address)) return isCarried(address, port) ? [{ port, address, why: 'group' }] : [];
      return isGame(port) ? [{ port, address, why: 'elsewhere' }] : [];
    });
  const shared = tables.flatMap((table) => {
    const here = table.filter(({ address, port }) => isGame(port) && placeOf(address, ownIp) === 'here');
    const isTwice = ({ port }: { port: number }) => here.filter((other) => other.port === port).length > 1;
    return here.filter(isTwice).map(({ address, port }): DeafListener => ({ port, address, why: 'shared' }));
  });
  return onePerPort([...deaf, ...shared]);
}

function onePerPort(deaf: readonly DeafListener[]): DeafListener[] {
  return [...new Map(deaf.map((listener) => [listener.port, listener])).values()];
}

function isIpv4(address: string): boolean {
  return address.includes('.');
}

function isGroup(address: string): boolean {
  return numberOf(address) >= numberOf('224.0.0.0');
}

function isCarried(group: string, port: number): boolean {
  const isLocal = numberOf(group) < numberOf('224.0.1.0');
  return !isLocal && !deniedGroups.includes(group) && !deniedPorts.includes(port);
}

/** Whether a game is known at the port: other programs have sockets of the home's address, too. */
function isGame(port: number): boolean {
  return hasPort(gamePorts, port);
}
