/**
 * Who may ask an agent. A socket in the file system lets in whom its rights let in. A TCP port of the loopback interface can be
 * dialled by every user of the machine and by every page in a browser, under any name that leads there (DNS rebinding): so it
 * answers to its own name alone, to no page but its own, and to nobody without the token. Pure.
 */
import { timingSafeEqual } from 'node:crypto';
import { LanrageError } from '#shared/errors';

/** The headers of a request, by their names in lower case. Those that are looked at here come once, or are joined. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export type Door = SocketDoor | PageDoor;

/** A socket in the file system. */
export interface SocketDoor {
  readonly kind: 'socket';
}

/** A TCP port of the loopback interface. */
export interface PageDoor {
  readonly kind: 'page';
  /** Address and port, as in `127.0.0.1:41234`. */
  readonly host: string;
  readonly token: string;
}

/** Asks the API. @throws LanrageError FOREIGN_REQUEST, WRONG_LOCAL_TOKEN */
export function admitCall(door: Door, headers: Headers): void {
  if (door.kind === 'socket') {
    // What browsers add to all requests; none of them can open such a socket, but a program that passes on what they send can.
    if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined)
      throw new LanrageError('FOREIGN_REQUEST');
    return;
  }
  if (!isAtHome(door, headers) || !isFromOwnPage(headers)) throw new LanrageError('FOREIGN_REQUEST');
  if (!hasToken(headers, door.token)) throw new LanrageError('WRONG_LOCAL_TOKEN');
}

/** Asks for a file of the page, which holds no secret; a link or a bookmark may lead to it. @throws LanrageError FOREIGN_REQUEST */
export function admitVisit(door: PageDoor, headers: Headers): void {
  const isNavigation = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  if (!isAtHome(door, headers) || !(isNavigation || isFromOwnPage(headers)))
    throw new LanrageError('FOREIGN_REQUEST');
}

function isAtHome({ host }: PageDoor, headers: Headers): boolean {
  const { origin } = headers;
  return headers.host === host && (origin === undefined || origin === `http://${host}`);
}

/** See W3C Fetch Metadata: `none` is what the user typed. Programs that are no browser send nothing. */
function isFromOwnPage({ 'sec-fetch-site': site }: Headers): boolean {
  return site === undefined || site === 'same-origin' || site === 'none';
}

function hasToken({ authorization }: Headers, token: string): boolean {
  const given = Buffer.from(typeof authorization === 'string' ? authorization : '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
