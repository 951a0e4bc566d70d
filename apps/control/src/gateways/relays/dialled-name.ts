import { ipScope } from '#shared/ip-scope';
import { ownName, parseHost, type Naming, type Reached } from '../../auth/own-names';

const HTTP_PORT = '80';

/**
 * Whether a relay that dialled this name meant this server, so that no other server passes the relay's sign-in on to us.
 *
 * The name is the relay's own word, and its proof covers it. Besides those of {@link ownName} with and without a public
 * URL, it may be a loopback address or `localhost`, with our port or that of the public URL, from within our own network:
 * containers and tunnels make a relay of this machine look like one of the network.
 *
 * @param reached with the name that the relay dialled as `host`
 */
export function isOwnDialledName(reached: Reached, naming: Naming): boolean {
  const dialled = parseHost(reached.host);
  if (!dialled) return false;
  if (naming.publicUrl?.host === dialled.host) return true;
  const name = dialled.hostname.replace(/^\[|\]$/g, '');
  if (name === 'localhost' || ipScope(name) === 'loopback') {
    const ports = [String(reached.port), naming.publicUrl?.port];
    return ports.includes(dialled.port || HTTP_PORT) && isInOwnNetwork(reached.clientAddress);
  }
  return ownName(reached, { ...naming, publicUrl: null }) !== null;
}

/** @param address null when it cannot be told */
export function isInOwnNetwork(address: string | null): boolean {
  const scope = address === null ? undefined : ipScope(address);
  return scope === 'loopback' || scope === 'private';
}
