/**
 * The names under which a server may be signed in to. A proof names the server that the agent dialled. All that the server hears of
 * that is the Host header, which anybody can write who passes on somebody else's sign-in, so it counts only where it
 * cannot mean another server: an address or a name of a local network means one there, and localhost one on each machine.
 */
import { parseIpAddress, formatIpAddress } from '#shared/ip-address';
import { ipScope } from '#shared/ip-scope';

/** What the operator and the machine call this server. */
export interface Naming {
  /** The one name if it is set, as a proxy may have changed the Host header. */
  readonly publicUrl: URL | null;
  /** IP address or name, on the port that we listen on. */
  readonly publicAddress: string | null;
  /** The machine's, with or without a domain. */
  readonly hostName: string;
}

/** How a request came here. */
export interface Reached {
  /** The Host header. */
  readonly host: string;
  /** Our end of the connection: after address translation, if there is any. */
  readonly address: string;
  readonly port: number;
  /** The client's IP address; null when it cannot be told, behind a proxy that nobody told us of. */
  readonly clientAddress: string | null;
}

/** Whose name it is: everybody's for the same server, one network's, or one machine's. */
type Reach = 'everywhere' | 'network' | 'machine';

const HTTP_PORT = 80;
/** Endings that stand for another machine in another network: RFC 6762, RFC 8375, and what routers and ICANN use so. */
const localEndings = ['.local', '.home.arpa', '.lan', '.home', '.internal', '.localdomain'];

/** @returns `host[:port]` as a proof spells it, or null when the name may be another server's */
export function ownName(reached: Reached, naming: Naming): string | null {
  if (naming.publicUrl) return naming.publicUrl.host;
  const dialled = parseHost(reached.host);
  if (!dialled || Number(dialled.port || HTTP_PORT) !== reached.port) return null;
  const name = dialled.hostname.replace(/^\[|\]$/g, '');
  return isOwn(name, reached, naming) && reaches(reachOf(name), reached) ? dialled.host : null;
}

/** @returns undefined for what is no `host[:port]` */
export function parseHost(host: string): URL | undefined {
  const isPlain = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i.test(host);
  return isPlain && URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
}

function isOwn(name: string, { address }: Reached, { publicAddress, hostName }: Naming): boolean {
  const [label = ''] = hostName.split('.');
  const names = [publicAddress, address, 'localhost', hostName, label, `${label}.local`];
  return names.some((own) => own !== null && canonical(own) === name);
}

function canonical(own: string): string {
  const bytes = parseIpAddress(own);
  return bytes ? formatIpAddress(bytes) : own.toLowerCase();
}

function reachOf(name: string): Reach {
  const scope = ipScope(name);
  if (name === 'localhost' || scope === 'loopback') return 'machine';
  if (scope !== undefined) return scope === 'global' ? 'everywhere' : 'network';
  const isLocal = !name.includes('.') || localEndings.some((ending) => name.endsWith(ending));
  return isLocal ? 'network' : 'everywhere';
}

function reaches(reach: Reach, { clientAddress, address }: Reached): boolean {
  if (reach === 'everywhere') return true;
  const scope = clientAddress === null ? undefined : ipScope(clientAddress);
  if (clientAddress === null || scope === undefined) return false;
  if (reach === 'machine') return scope === 'loopback';
  return scope !== 'global' || isSameSubnet(clientAddress, address);
}

/** Machines of one network have global IPv6 addresses with the same first 64 bits (RFC 4291 section 2.5.4). */
function isSameSubnet(one: string, other: string): boolean {
  const [first, second] = [parseIpAddress(one), parseIpAddress(other)];
  if (first?.length !== 16 || second?.length !== 16) return false;
  return first.subarray(0, 8).every((byte, index) => byte === second[index]);
}
