/** What a doctor has to say of the players and the paths to them. Pure. */
import type { Diagnosis, InParty } from '../agent/local-api';
import type { PathReasonCode } from '../connection/explanation';
import type { Peer } from '../party/party';
import type { Finding, PathFacts, Severity } from './finding';

/** How bad each reason is. */
const reasonSeverities: Record<PathReasonCode, Severity> = {
  direct_local: 'ok',
  direct_internet: 'ok',
  direct_doubted: 'info',
  preparing: 'info',
  trying: 'info',
  server_away: 'info',
  peer_server_away: 'info',
  nat_combination: 'warning',
  blocked: 'warning',
  one_way: 'warning',
  slower: 'info',
  lost: 'info',
  switched_off: 'info',
  peer_switched_off: 'info',
  connecting: 'info',
  no_relay: 'problem',
  relay_share_used_up: 'problem',
  relays_full: 'problem',
  relay_refused: 'problem',
  server_down: 'problem',
  peer_unknown: 'problem',
  own_udp_blocked: 'problem',
  peer_no_ipv4: 'problem',
  peer_udp_blocked: 'problem',
  relays_unreachable: 'problem',
  udp_undecided: 'problem',
  peer_silent: 'problem',
  relay_ports_closed: 'problem',
  peer_away: 'problem',
  no_ipv4: 'problem',
  no_answer: 'problem',
  routed_elsewhere: 'problem',
  forged: 'problem',
  false_address: 'problem',
  not_vouched: 'problem',
};

/** For these, another attempt comes. */
const retried: ReadonlySet<string> = new Set<PathReasonCode>([
  'preparing',
  'trying',
  'nat_combination',
  'blocked',
  'one_way',
  'slower',
  'lost',
]);

export function peerFindings(diagnosis: Diagnosis): Finding[] {
  const { status, peerId } = diagnosis;
  if (status.status === 'no_party') return [];
  const others = status.party.peers.filter(({ isSelf }) => !isSelf);
  if (others.length === 0) {
    const message = 'Nobody else is in the party yet.';
    return [
      {
        code: 'alone',
        severity: 'info',
        message,
        advice: waysIn(status.party),
      },
    ];
  }
  return others
    .filter(({ id }) => peerId === null || id === peerId)
    .flatMap((peer) => [peerFinding(peer, diagnosis), ...narrowPath(peer)]);
}

function waysIn({ id, settings }: InParty['party']): string {
  if (settings.sealed || settings.locked)
    return 'Friends join by a link, which the host makes with: lanrage invite';
  return `Friends join with: lanrage join ${id}`;
}

function narrowPath({ id, name, virtualIp, packetLimit }: Peer): Finding[] {
  if (packetLimit === null) return [];
  const message = `Packets above ${packetLimit} bytes get lost on the way without an error, so LANrage sends smaller ones.`;
  const advice =
    'Nothing to do: games do not notice. Another VPN, PPPoE or a mobile network at either end uses up the room.';
  return [{ code: 'narrow_path', severity: 'info', message, advice, peer: { id, name, virtualIp } }];
}

function peerFinding(peer: Peer, diagnosis: Diagnosis): Finding {
  const { id, name, virtualIp, reason } = peer;
  const of = { peer: { id, name, virtualIp }, path: pathFacts(peer, diagnosis) };
  if (!reason) {
    const message = 'Not connected yet.';
    return { code: 'not_connected_yet', severity: 'info', message, advice: null, ...of };
  }
  const { code, message, advice } = reason;
  return { code, severity: reasonSeverities[code], message, advice, ...of };
}

function pathFacts(peer: Peer, { status, paths }: Diagnosis): PathFacts {
  const {
    id,
    online,
    connectionType,
    pathEndpoint,
    latencyMs,
    latencyAgeMs,
    natType,
    directExpected,
    reason,
  } = peer;
  const progress = paths[id];
  return {
    connectionType,
    online,
    endpoint: pathEndpoint,
    sinceMs: progress?.sinceMs ?? null,
    latencyMs,
    latencyAgeMs,
    natType: status.natInfo.natType,
    peerNatType: natType,
    directExpected,
    nextAttemptInMs: retried.has(reason?.code ?? '') ? (progress?.nextAttemptInMs ?? null) : null,
  };
}
