/** Where a party's password may go. Pure. */
import { ipScope } from '#shared/ip-scope';
import { inviteServer, isSameServer } from '#shared/party/invite';

/** A server that is about to get a password, and the one that the player has configured. */
export interface PasswordDestination {
  /** http(s) URL. */
  readonly server: string;
  /** The server of a flag, the environment, the settings file or the defaults: never of a link. */
  readonly ownServer: string;
}

/**
 * Whether the password of the environment may go there: it was set for the player's own server. A link leads wherever
 * its maker likes.
 */
export function isOwnServer({ server, ownServer }: PasswordDestination): boolean {
  return isSameServer(server, ownServer);
}

/** Why the password of the environment does not go there. */
export function withheldText({ server, ownServer }: PasswordDestination): string {
  return (
    `LANRAGE_PARTY_PASSWORD is for your server ${inviteServer(ownServer)}, and is not sent to ${inviteServer(server)}. ` +
    'Give the password of this party with --password-stdin, or type it.'
  );
}

/** What to say before a password goes to a server that everybody on the way can listen to; null: nothing. */
export function plainTextWarning(server: string): string | null {
  const { protocol, hostname } = new URL(server);
  if (protocol !== 'http:' || isNearby(hostname)) return null;
  return `Warning: ${inviteServer(server)} is not encrypted. Everybody on the way there can read the password. Use https.`;
}

/** Whether an address is of this machine or the local network, so that nobody on the Internet is on the way. */
function isNearby(hostname: string): boolean {
  if (hostname === 'localhost' || hostname.endsWith('.localhost')) return true;
  const scope = ipScope(hostname.replace(/^\[|\]$/g, ''));
  return scope === 'loopback' || scope === 'private' || scope === 'link_local';
}
