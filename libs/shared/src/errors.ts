/**
 * Every error that LANrage reports on purpose: a stable code, a sentence that tells the player what to do next, and whether
 * trying again can help. HTTP status codes live where errors are rendered.
 */
export const errorCatalogue = {
  // The request itself
  INVALID_REQUEST: {
    retryable: false,
    message: 'The request is malformed. Update LANrage on both sides and try again.',
  },
  INVALID_PARTY_ID: {
    retryable: false,
    message: 'A party id is 12 characters, 0-9 and a-f. Ask the host to send it again.',
  },
  INVALID_NAME: { retryable: false, message: 'A name is 1 to 50 visible characters. Pick another one.' },
  INVALID_PASSWORD: {
    retryable: false,
    message: 'A party password is 4 to 128 characters. Pick another one.',
  },
  INVALID_DISCORD_LINK: {
    retryable: false,
    message: 'The link has to begin with https:// and lead to discord.com, discord.gg or discordapp.com.',
  },
  INVALID_NETWORK: {
    retryable: false,
    message:
      "A party's network is one with 16 bits of prefix in 10.0.0.0/8, 172.16.0.0/12 or 100.64.0.0/10, such as 10.87.0.0/16.",
  },
  INVALID_INVITE: {
    retryable: false,
    message:
      'This is not an invite link that this version understands, or a part of it is missing. Copy all of it, or update LANrage.',
  },
  INVALID_PUBLIC_KEY: {
    retryable: false,
    message: 'This is not a usable WireGuard public key. Delete the key file to make a new one.',
  },
  REQUEST_TOO_LARGE: { retryable: false, message: 'The request is larger than the server accepts.' },
  NOT_FOUND: {
    retryable: false,
    message: 'The server does not know this address. Check the server URL and the LANrage versions.',
  },

  // Who is asking
  UNAUTHENTICATED: {
    retryable: true,
    message: 'The server does not know this agent (any more). Sign in again.',
  },
  CHALLENGE_EXPIRED: {
    retryable: true,
    message: 'The sign-in took too long or was used before. Start it again.',
  },
  SERVER_NAME_UNKNOWN: {
    retryable: false,
    message:
      'The server does not know the name under which you reached it. Its operator has to set LANRAGE_PUBLIC_URL.',
  },
  PROOF_REJECTED: {
    retryable: false,
    message:
      'The proof does not match this key and server. Check that LANRAGE_SERVER is the address you meant.',
  },
  BANNED_FROM_SERVER: {
    retryable: false,
    message: 'The operator of this server has banned you from it. Ask them why, or use another server.',
  },
  RATE_LIMITED: { retryable: true, message: 'Too many tries. Wait a moment, then try again.' },

  // Parties
  PARTY_NOT_FOUND: {
    retryable: false,
    message: 'There is no such party, or it is not open to you. Check the id with the host.',
  },
  PARTY_FULL: {
    retryable: true,
    message: 'The party is full. Ask the host for a place, or wait until somebody leaves.',
  },
  NO_FREE_ADDRESS: {
    retryable: false,
    message: 'The party has no free address left. Ask the host to start a new party.',
  },
  ALREADY_IN_PARTY: {
    retryable: false,
    message: 'You are already in a party. Leave it first: lanrage leave, or join with --leave.',
  },
  PARTY_LOCKED: {
    retryable: true,
    message: 'The party is locked: no new players may join. Ask the host to unlock it, then try again.',
  },
  PASSWORD_REQUIRED: { retryable: false, message: 'The party needs a password. Ask the host for it.' },
  WRONG_PASSWORD: { retryable: false, message: 'The party password is wrong. Ask the host for it.' },
  HOST_KEY_MISMATCH: {
    retryable: false,
    message:
      "The host's key is not the one that the invite link vouches for: somebody may be intercepting your connection. Do not join; ask the host by other means.",
  },
  NO_SUCH_PARTY: {
    retryable: false,
    message: 'No such party is remembered. See: lanrage rejoin --list',
  },
  OTHER_SERVER: {
    retryable: false,
    message:
      'The invite link is for another server than the one that was named with it. Leave the server out, or take the other link.',
  },
  PARTY_KEY_MISSING: {
    retryable: false,
    message:
      'You joined without an invite link, so you do not have the key that links carry. Make somebody host who joined with one.',
  },
  INVITE_EXPIRED: {
    retryable: false,
    message: 'The invite link is no longer valid: used up, expired or revoked. Ask the host for another one.',
  },
  PARTY_SEALED: {
    retryable: false,
    message: 'The party is sealed: joining takes an invite link. Ask the host for one.',
  },
  TOO_MANY_INVITES: {
    retryable: false,
    message:
      'The party has as many invite links as it may have. Revoke some with lanrage uninvite; lanrage invites lists them.',
  },
  NO_SUCH_INVITE: {
    retryable: false,
    message: 'The party has no such invite link, or the link is no longer valid. See: lanrage invites',
  },
  KICKED: {
    retryable: false,
    message: 'The host removed you from the party. You may ask to come back, and join again.',
  },
  /** Said only to a player who was in the party; for a banned player who knocks, the party does not exist. */
  BANNED: {
    retryable: false,
    message: 'The host removed you from the party for good. You cannot come back.',
  },
  PARTY_CLOSED: { retryable: false, message: 'The owner closed the party. Create or join another one.' },
  PARTY_CLOSED_BY_OPERATOR: {
    retryable: false,
    message: 'The operator closed the party. Ask them why, or create another one.',
  },
  NOT_HOST: {
    retryable: false,
    message: 'Only the host of the party may do that. Ask the host; lanrage status shows who it is.',
  },
  NOT_OWNER: {
    retryable: false,
    message: 'Only the owner of the party, who created it or was given it, may do that.',
  },
  CANNOT_REMOVE_YOURSELF: { retryable: false, message: 'You cannot remove yourself. Leave: lanrage leave' },
  TOO_MANY_BANS: {
    retryable: false,
    message: 'The list of banned players is full. Lift old bans first; lanrage bans shows them.',
  },
  PARTY_TOO_LARGE: {
    retryable: false,
    message: 'The server has no room for so many players in one party. Ask for fewer.',
  },
  TOO_MANY_PARTIES: {
    retryable: false,
    message:
      'The owner already has as many persistent parties as the server allows. The owner can list them with lanrage parties --mine, and close one with lanrage close PARTY.',
  },
  TOO_MANY_PARTIES_FROM_ADDRESS: {
    retryable: true,
    message:
      'Your internet address already has as many parties as the server allows. Close one of them, or wait until one ends.',
  },
  TOO_MANY_PUBLIC_PARTIES: {
    retryable: true,
    message:
      'Your internet address already has as many public parties as the server allows. Close or hide one of them first.',
  },
  WRONG_LEAVE_TICKET: {
    retryable: false,
    message:
      'The leave ticket belongs to another member, or to an earlier stay of this one. The member stays.',
  },
  STATE_CONFLICT: {
    retryable: false,
    message: 'Somebody else changed this first. Read it again, then decide.',
  },
  STATE_FULL: {
    retryable: false,
    message: 'The party already shares 64 kB. Remove something first; see: lanrage state list',
  },
  NO_SUCH_KEY: {
    retryable: false,
    message: 'The party shares nothing by that name. See: lanrage state list',
  },

  // Servers
  SERVER_MISBEHAVES: {
    retryable: false,
    message:
      'The server sent something that cannot be true. Do not trust it: tell its operator, and meet on another server.',
  },
  CONTROL_UNAVAILABLE: {
    retryable: true,
    message: 'The LANrage server does not answer. Check LANRAGE_SERVER and your connection, then try again.',
  },
  RELAY_NAME_TAKEN: {
    retryable: true,
    message:
      'Another relay of this name is connected and answers. Give each relay a name of its own: LANRAGE_RELAY_ID.',
  },
  RELAY_SECRET_WRONG: {
    retryable: false,
    message:
      "The relay's LANRAGE_RELAY_SECRET is not the server's. If the server's LANRAGE_RELAY_SECRETS names this relay, use the secret given there.",
  },
  RELAY_ADDRESS_REFUSED: {
    retryable: false,
    message:
      'No player can reach the address that the relay announces. Set LANRAGE_PUBLIC_ADDRESS to the one that players reach.',
  },
  INTERNAL: {
    retryable: true,
    message: 'Something broke on our side. Try again; if it persists, report it with the time it happened.',
  },

  // Administration
  ADMINISTRATION_OFF: {
    retryable: false,
    message: 'Administration is off. Set LANRAGE_ADMIN_TOKEN for the server, and start it again.',
  },
  WRONG_ADMIN_TOKEN: {
    retryable: false,
    message: "The admin token is missing or wrong. Set LANRAGE_ADMIN_TOKEN to the server's.",
  },
  NO_SUCH_BAN: {
    retryable: false,
    message: 'No such key is banned from the server. See: lanrage-admin players list',
  },
  NO_SUCH_RELAY: {
    retryable: false,
    message: 'The server knows no relay of that name. See: lanrage-admin relays list',
  },

  // The player's machine
  NOT_IN_PARTY: { retryable: false, message: 'You are not in a party. Create or join one first.' },
  NO_SUCH_PEER: {
    retryable: false,
    message: 'Nobody in the party has that name, id or address. See: lanrage status',
  },
  PEER_UNREACHABLE: {
    retryable: true,
    message: 'The peer does not answer. It may be away; see: lanrage status',
  },
  SESSION_REPLACED: {
    retryable: false,
    message: 'Another agent with the same identity took over. Run one agent for each identity.',
  },
  AGENT_NOT_RUNNING: {
    retryable: false,
    message: 'No agent is running. Start one: lanrage agent, lanrage create or lanrage join',
  },
  TOO_MANY_LISTENERS: {
    retryable: true,
    message: 'Too many programs are listening to the agent. End one of them, such as: lanrage events',
  },
  FOREIGN_REQUEST: {
    retryable: false,
    message: 'The agent answers only its own page, at its own address. Open it with: lanrage ui',
  },
  WRONG_LOCAL_TOKEN: {
    retryable: false,
    message:
      'The token is missing or wrong; the agent makes a new one whenever it starts. Get the address with: lanrage ui',
  },
  PAGE_MISSING: {
    retryable: false,
    message: 'The page is not built. Run this in the checkout first: npm run setup',
  },
  AGENT_ALREADY_RUNNING: {
    retryable: false,
    message:
      'An agent or another LANrage program is already using this LANRAGE_HOME. Use it, or stop it first.',
  },
  HOME_NOT_SAFE: {
    retryable: false,
    message:
      'Users other than root can change the state folder. Unset LANRAGE_HOME, or name a folder that belongs to root.',
  },
  HOME_FULL: {
    retryable: true,
    message: 'No space is left on the disk of the state folder. Free some, then try again.',
  },
  HOME_READ_ONLY: {
    retryable: false,
    message:
      'The state folder is on a disk that is mounted read-only. Mount it for writing, or name another folder with LANRAGE_HOME.',
  },
  HOME_DENIED: {
    retryable: false,
    message:
      'The system does not let this user work in the state folder. Run this with sudo, or name a folder of your own with LANRAGE_HOME.',
  },
  HOME_PATH_TOO_LONG: {
    retryable: false,
    message:
      'The path of the state folder is longer than the system allows. Name a shorter one with LANRAGE_HOME.',
  },
  HOME_UNKNOWN: {
    retryable: false,
    message: 'The system knows no home folder for this user. Name a state folder with LANRAGE_HOME.',
  },
  HOME_FILE_DAMAGED: {
    retryable: false,
    message: 'A file of the state folder is damaged. Put the right one back, or delete it.',
  },
  HOME_UNUSABLE: {
    retryable: false,
    message: 'The state folder cannot be used. Name another one with LANRAGE_HOME.',
  },
  PERMISSION_DENIED: {
    retryable: false,
    message: 'Setting up the virtual network needs administrator rights. Run this with sudo.',
  },
  WIREGUARD_MISSING: {
    retryable: false,
    message: 'WireGuard was not found. Install it: apt-get install wireguard-tools wireguard-go',
  },
  INTERFACE_FAILED: { retryable: false, message: 'The WireGuard interface could not be set up.' },
  ADDRESS_CLASH: {
    retryable: false,
    message: "Another network or VPN on this machine uses the party's addresses. Leave it while you play.",
  },
  SERVER_MISSING: {
    retryable: false,
    message:
      'This installation has no server in it. Run lanrage host in a checkout, or open the party on a server: lanrage create --server URL',
  },
  SERVER_NOT_STARTED: {
    retryable: false,
    message: 'The server on this machine could not start. The lines above say why.',
  },
  UNSUPPORTED_PLATFORM: {
    retryable: false,
    message: 'The agent does not run on this system yet. Use a machine with Linux.',
  },
} as const satisfies Record<string, { retryable: boolean; message: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

export interface ErrorDetails {
  /** Replaces the catalogue's sentence where more is known than the code alone says. */
  message?: string;
  /** Seconds to wait before the next try makes sense. */
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** An expected refusal. A broken invariant is a plain `Error` instead. */
export class LanrageError extends Error {
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly code: ErrorCode,
    details: ErrorDetails = {},
  ) {
    super(details.message ?? errorCatalogue[code].message, { cause: details.cause });
    this.name = 'LanrageError';
    this.retryable = errorCatalogue[code].retryable;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/**
 * The refusal for a request that a schema turned down.
 * @param path leads to the field that is wrong
 * @param why what the schema says about the field
 */
export function malformedRequest(
  path: readonly PropertyKey[],
  why = 'unreadable',
  cause?: unknown,
): LanrageError {
  const where = path.length > 0 ? `${path.map(String).join('.')}: ` : '';
  return new LanrageError('INVALID_REQUEST', {
    message: `The request is malformed (${where}${why}).`,
    cause,
  });
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCatalogue, value);
}
