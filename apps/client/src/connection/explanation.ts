/** Why is a path as it is, and what would change it? Pure: what is known of both ends in, a code and sentences out. */
import type { RelayRefusal } from '#shared/api/party';
import { causeOf, type Evidence } from './causes';
import { failureOf, isLocal, type PathState } from './path';

export const pathReasons = {
  // direct
  direct_local: { message: 'Directly, over the local network.', advice: null },
  direct_internet: { message: 'Directly, over the internet.', advice: null },
  direct_doubted: {
    message:
      "Directly, although the server counts this player as gone: the player's agent has lost its connection to the server.",
    advice: 'Nothing to do: the player is back in the party as soon as that agent reconnects.',
  },
  // relayed
  preparing: { message: 'Via the relay; looking for a direct path shortly.', advice: null },
  trying: { message: 'Via the relay, while looking for a direct path.', advice: null },
  server_away: {
    message: 'Via the relay: finding a direct path takes the server, which does not answer.',
    advice: 'Nothing to do: LANrage looks for one as soon as the server is back.',
  },
  peer_server_away: {
    message:
      "Via the relay: finding a direct path takes the server, and the other player's agent has lost its connection to it.",
    advice: 'Nothing to do: LANrage looks for one as soon as that agent reconnects.',
  },
  nat_combination: {
    message: 'Via the relay: the two routers do not let each other in.',
    advice:
      'One of the two would have to open its network: switch on UPnP or NAT-PMP in the router, forward a port, or use ' +
      'another internet connection. A mobile hotspot is rarely better.',
  },
  blocked: {
    message: 'Via the relay: no packet came through directly, though both routers would allow it.',
    advice:
      'A firewall on either side lets UDP pass to the relay, but not between the two. Let WireGuard receive UDP there.',
  },
  one_way: {
    message: 'Via the relay: packets come through directly in one direction only.',
    advice: 'A firewall on one side blocks UDP. Let WireGuard receive UDP there.',
  },
  slower: {
    message: 'Via the relay, which is faster than the direct path.',
    advice: 'Nothing to do: LANrage measures both again from time to time.',
  },
  lost: {
    message: 'Via the relay: the direct path stopped working.',
    advice: 'Nothing to do: LANrage looks for another one.',
  },
  switched_off: {
    message: 'Via the relay: direct paths are switched off here.',
    advice: 'Unset LANRAGE_DIRECT to allow them.',
  },
  peer_switched_off: {
    message: 'Via the relay: the other player has switched direct paths off.',
    advice: 'The other player would have to unset LANRAGE_DIRECT.',
  },
  // not connected
  connecting: { message: 'Connecting.', advice: null },
  no_relay: {
    message: 'The server has no relay for this connection.',
    advice: 'Nothing is wrong at your end. LANrage keeps trying; if this persists, tell the operator.',
  },
  relay_share_used_up: {
    message: 'No relay carries this connection: the party has used up its share of them.',
    advice:
      'Wait until others have left, play in a smaller party, or ask the operator for another relay. A direct path ' +
      'needs no relay: lanrage doctor says what prevents it.',
  },
  relays_full: {
    message: "No relay carries this connection: the server's relays are full.",
    advice:
      'LANrage keeps trying. Ask the operator for another relay, or for more ports. A direct path needs no relay: ' +
      'lanrage doctor says what prevents it.',
  },
  relay_refused: {
    message: 'The server names a relay at an address to which it must not send players.',
    advice:
      'Do not trust this server, or tell its operator: a relay needs an address as public as the server.',
  },
  no_ipv4: {
    message: 'The relay has only an IPv4 address, and this network has no IPv4.',
    advice:
      'This network has only IPv6, and no translation to IPv4 (NAT64). Use another network, or ask the operator for a ' +
      'relay with IPv6.',
  },
  peer_away: {
    message:
      "The other player is away: the player's agent is not connected to the server, and does not answer either.",
    advice: 'Wait, or ask whether the machine is on and online.',
  },
  server_down: {
    message: 'Neither the server nor any of its relays answers, so nothing can get through.',
    advice: 'If other websites and games work here, the server is down: wait, or tell its operator.',
  },
  peer_unknown: {
    message:
      'No answer; whether the other player is still there is unknown, as the server does not answer either.',
    advice:
      'The relay answers, so nothing is wrong at your end. Wait for the server, or ask the other player.',
  },
  own_udp_blocked: {
    message:
      'This network blocks UDP: no relay answers here, though the server does, and a relay answers other players.',
    advice:
      'Let UDP out, in the firewall of this machine or of its router, or use another network. The other player is not at fault.',
  },
  peer_no_ipv4: {
    message: "The relay has only an IPv4 address, and the other player's network has no IPv4.",
    advice:
      'Nothing is wrong at your end. The other player has to use another network, or the operator a relay with IPv6.',
  },
  peer_udp_blocked: {
    message: "The other player's network blocks UDP: no relay answers there, though one answers here.",
    advice:
      'Nothing is wrong at your end. The other player has to let UDP out, in a firewall there, or use another network.',
  },
  relays_unreachable: {
    message: "The server's relay answers nobody in this party over UDP: the fault is the server's.",
    advice:
      'Tell its operator: the relay is down, or a firewall there closes its UDP ports. If all of you are in the same network, that network may be the cause.',
  },
  udp_undecided: {
    message: 'No relay answers here, though the server does: this network blocks UDP, or the relay is down.',
    advice: "Try another network, such as a phone's. If no relay answers there either, tell the operator.",
  },
  peer_silent: {
    message: 'No answer from this player, though the relay carries others.',
    advice:
      "Nothing is wrong at your end: the other player's firewall may let UDP through to some ports only, or the machine is asleep.",
  },
  relay_ports_closed: {
    message:
      'The relay answers both of you, but carries nothing between you: its ports for games are closed.',
    advice:
      'Tell the operator: the UDP ports of LANRAGE_RELAY_PORTS have to be open. Or a firewall on either side lets out only some ports.',
  },
  no_answer: {
    message: "No answer via the relay, though the other player's agent is online.",
    advice:
      "It is unknown at which end UDP is blocked: the other player's agent may be an older version. lanrage doctor examines this end.",
  },
  routed_elsewhere: {
    message: 'This machine sends packets for this player elsewhere, not into the party.',
    advice:
      "A route or rule of another network or VPN covers the player's address. Leave that network while you play.",
  },
  // refused by this agent, see party/neighbours.ts
  forged: {
    message: "Refused: the server announces a key for this player that is not the player's own.",
    advice: 'Do not trust this server. Tell its operator, and meet on another one.',
  },
  false_address: {
    message:
      "Refused: the server gives this player an address outside the party's network, or one that another player has.",
    advice: 'Do not trust this server. Tell its operator, and meet on another one.',
  },
  not_vouched: {
    message: 'Refused: the party is sealed, and nobody who has its key vouches for this player.',
    advice:
      'If it is a friend, send an invite link; if it is nobody you know, the server may have been tampered with.',
  },
} as const satisfies Record<string, { message: string; advice: string | null }>;

export type PathReasonCode = keyof typeof pathReasons;

export interface PathReason {
  readonly code: PathReasonCode;
  /** What is so. */
  readonly message: string;
  /** What would change it; null when there is nothing to change. */
  readonly advice: string | null;
}

/** What is known of both ends. */
export interface Circumstances {
  readonly path: PathState;
  readonly directExpected: boolean;
  /** Whether the server named a relay to which this agent does not send. */
  readonly relayRefused: boolean;
  /** Why the server named none, if it did not. */
  readonly relayRefusal: RelayRefusal;
  /** Whether nothing leads from this network to the relay, see network/ipv4. */
  readonly relayOutOfReach: boolean;
  readonly evidence: Evidence;
  /** Whether the server has let the peer go, for being away too long. */
  readonly peerDoubted: boolean;
  /** Whether this agent looks for direct paths at all. */
  readonly directAllowed: boolean;
  readonly peerDirectAllowed: boolean;
}

export function explainPath(circumstances: Circumstances): PathReason {
  const code = reasonOf(circumstances);
  return { code, ...pathReasons[code] };
}

/**
 * The reason for a player whose packets the kernel routes past the party's interface.
 * @param interfaceName where they go; null: nowhere
 */
export function explainStray(virtualIp: string, interfaceName: string | null): PathReason {
  const way = interfaceName === null ? 'nowhere' : `to ${interfaceName}`;
  const message = `This machine sends packets for ${virtualIp} ${way}, not into the party.`;
  return { code: 'routed_elsewhere', ...pathReasons.routed_elsewhere, message };
}

const withoutRelay: Record<RelayRefusal, PathReasonCode> = {
  no_relay: 'no_relay',
  share_used_up: 'relay_share_used_up',
  relays_full: 'relays_full',
};

function reasonOf(circumstances: Circumstances): PathReasonCode {
  const { path, evidence, peerDoubted, relayRefused, relayRefusal, relayOutOfReach } = circumstances;
  switch (path.phase) {
    case 'direct':
      if (peerDoubted) return 'direct_doubted';
      return path.direct && isLocal(path.direct) ? 'direct_local' : 'direct_internet';
    case 'relayed':
      return whyRelayed(circumstances);
    case 'connecting':
      return 'connecting';
    case 'failed':
      if (relayOutOfReach) return 'no_ipv4';
      if (failureOf(path) === 'no_answer' || evidence.server === 'away') return causeOf(evidence);
      return relayRefused ? 'relay_refused' : withoutRelay[relayRefusal];
  }
}

function whyRelayed({
  path,
  evidence,
  directAllowed,
  directExpected,
  ...known
}: Circumstances): PathReasonCode {
  if (!directAllowed) return 'switched_off';
  if (!known.peerDirectAllowed) return 'peer_switched_off';
  if (path.attempt) return 'trying';
  if (evidence.server === 'away') return 'server_away';
  if (evidence.peer === 'away') return 'peer_server_away';
  switch (path.search.outcome) {
    case 'untried':
      return 'preparing';
    case 'lost':
    case 'slower':
    case 'one_way':
      return path.search.outcome;
    case 'unanswered':
      return directExpected ? 'blocked' : 'nat_combination';
  }
}
