import type { SocketAddress } from '#shared/endpoint';

/**
 * Where a player is, and which address of this machine it asks there: what goes to the player has to leave from that one, as
 * routers and firewalls let nothing else in.
 */
export interface PlayerAddress extends SocketAddress {
  /** A local IP address; missing where the socket has but one. */
  readonly asked?: string | undefined;
}

/** Why a datagram was not forwarded; the label of a metric, so the list is closed. */
export const dropReasons = [
  /** Not the first bytes and the length of a WireGuard message, or from port 0. */
  'malformed',
  /** From a port of this or another relay, where no player is. */
  'from_relay',
  /** A handshake message for neither player. */
  'wrong_mac1',
  /** Addressed to an index that no session or open initiation has. */
  'unknown_index',
  /** Wants an index that is taken: a repeated datagram. */
  'index_in_use',
  /** Data whose counter has passed already or is far too late, or a second cookie reply to one message. */
  'repeated',
  /** Data for somebody who has not sent any from there lately, beyond what is let through to find out. */
  'recipient_unproven',
  /** An answer from where nothing was sent, or data from elsewhere in a session not confirmed yet. */
  'unexpected_source',
  /** The other player has no known address yet. */
  'recipient_unknown',
  /** Kept back because both players initiated at once, and the other initiation was answered. */
  'glare',
  /** This IP address sends too many initiations, or too many that are for nobody here. */
  'source_handshakes_limited',
  /** This IP address names too many indices that nobody has. */
  'source_guesses_limited',
  /** Too many initiations of strangers for the pairs of this port. */
  'port_handshakes_limited',
  /** Too many initiations of strangers for all ports together. */
  'relay_handshakes_limited',
  /** Too many initiations for this pair. */
  'pair_handshakes_limited',
  /** Too many packets or bytes for this pair. */
  'pair_traffic_limited',
  /** Sessions between too many addresses are alive at once. */
  'sessions_full',
] as const;

export type DropReason = (typeof dropReasons)[number];

/**
 * What to do with a datagram: send it there once, drop it, or nothing for now: the core keeps a copy and may
 * let it out later.
 */
export type Verdict = PlayerAddress | DropReason | 'held';

export function isDestination(verdict: Verdict): verdict is PlayerAddress {
  return typeof verdict === 'object';
}

/** Whether two players' addresses are the same, also in what they ask; the port differs more often, and is cheaper to compare. */
export function isSameAddress(one: PlayerAddress, other: PlayerAddress): boolean {
  return isSameSocket(one, other) && one.asked === other.asked;
}

/** Whether two players' sockets are the same, whatever they ask. */
export function isSameSocket(one: SocketAddress, other: SocketAddress): boolean {
  return one.port === other.port && one.address === other.address;
}
