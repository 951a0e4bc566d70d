/** Why is a path as it is, and what would change it? Pure: what is known of both ends in, a code and sentences out. */
import { splitEndpoint, type Endpoint } from '#shared/endpoint';
import { ipScope } from '#shared/ip-scope';
import { failureOf, type PathState } from './path';

export const pathReasons = {
  // direct
  direct_local: { message: 'Directly, in the local network.', advice: null },
  direct_internet: { message: 'Directly, over the internet.', advice: null },
  // relayed
  preparing: { message: 'By the relay; a direct path is about to be looked for.', advice: null },
  trying: { message: 'By the relay, while a direct path is being looked for.', advice: null },
  server_away: {
    message: 'By the relay: looking for a direct path takes the server, which is away.',
    advice: 'Nothing to do: it is looked for when the server is back.',
  },
  peer_server_away: {
    message:
      "By the relay: looking for a direct path takes the server, which the other player's agent has lost.",
    advice: 'Nothing to do: it is looked for when that agent has the server back.',
  },
  nat_combination: {
    message: 'By the relay: the two routers do not let each other in.',
    advice:
      'One of the two would have to open its network: switch on UPnP or NAT-PMP in the router, forward a port, or use ' +
      'another internet connection. A mobile hotspot is rarely better.',
  },
  blocked: {
    message: 'By the relay: no packet came through directly, though both routers would allow it.',
    advice: 'A firewall on either side may block UDP. Let WireGuard receive UDP there.',
  },
  lost: {
    message: 'By the relay: the direct path stopped working.',
    advice: 'Nothing to do: it is looked for again.',
  },
  switched_off: {
    message: 'By the relay: direct paths are switched off here.',
    advice: 'Unset LANRAGE_DIRECT to allow them.',
  },
  peer_switched_off: {
    message: 'By the relay: the other player has switched direct paths off.',
    advice: 'The other player would have to unset LANRAGE_DIRECT.',
  },
  // not connected
  connecting: { message: 'Being connected.', advice: null },
  no_relay: {
    message: 'No relay has room for this connection.',
    advice: 'Try again in a minute, or tell whoever runs the server.',
  },
  peer_away: {
    message: 'The other player is away: its agent has lost the server, and does not answer either.',
    advice: 'Wait, or ask whether the machine is on and online.',
  },
  no_answer: {
    message: 'No answer through the relay, though the other agent is there.',
    advice: 'A firewall blocks UDP on either side. Compare on both: lanrage netcheck',
  },
  // refused by this agent, see party/vouching.ts
  forged: {
    message: "Refused: the server shows a key for this player that is not the player's own.",
    advice: 'Do not trust this server. Tell whoever runs it, and meet on another one.',
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
  /** Whether this agent has the control plane, and the other one. */
  readonly controlConnected: boolean;
  readonly peerOnline: boolean;
  /** Whether this agent looks for direct paths at all. */
  readonly directAllowed: boolean;
  readonly peerDirectAllowed: boolean;
}

export function explainPath(circumstances: Circumstances): PathReason {
  const code = reasonOf(circumstances);
  return { code, ...pathReasons[code] };
}

function reasonOf(circumstances: Circumstances): PathReasonCode {
  const { path, peerOnline } = circumstances;
  switch (path.phase) {
    case 'direct':
      return path.direct && isLocal(path.direct) ? 'direct_local' : 'direct_internet';
    case 'relayed':
      return whyRelayed(circumstances);
    case 'connecting':
      return 'connecting';
    case 'failed':
      if (failureOf(path) === 'no_relay') return 'no_relay';
      return peerOnline ? 'no_answer' : 'peer_away';
  }
}

function whyRelayed({ path, directAllowed, directExpected, ...known }: Circumstances): PathReasonCode {
  if (!directAllowed) return 'switched_off';
  if (!known.peerDirectAllowed) return 'peer_switched_off';
  if (path.attempt ?? path.trial) return 'trying';
  if (!known.controlConnected) return 'server_away';
  if (!known.peerOnline) return 'peer_server_away';
  switch (path.search.outcome) {
    case 'untried':
      return 'preparing';
    case 'lost':
      return 'lost';
    case 'unanswered':
      return directExpected ? 'blocked' : 'nat_combination';
  }
}

function isLocal(endpoint: Endpoint): boolean {
  return ipScope(splitEndpoint(endpoint).address) === 'private';
}
