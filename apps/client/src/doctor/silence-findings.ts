/** What a doctor has to say when no relay answers: whose fault it is. Pure. */
import type { Diagnosis } from '../agent/local-api';
import { causeOf, othersReach } from '../connection/causes';
import { pathReasons } from '../connection/explanation';
import type { ServerRoundTrip } from '../nat/discovery';
import type { Finding } from './finding';

/** A STUN server that was asked, and the relay that it belongs to, if it does. */
type Asked = ServerRoundTrip & { readonly relay: object | null };

/** The cause, from the same table as for a player who is not reached; nothing while a relay answers, or when nobody was asked. */
export function silenceFindings(
  stunServers: readonly Asked[],
  isServerThere: boolean,
  diagnosis: Diagnosis | null,
): Finding[] {
  if (stunServers.length === 0) return [];
  const isAnswering = ({ roundTripMs }: Asked) => roundTripMs !== null;
  const ofRelays = stunServers.filter(({ relay }) => relay !== null);
  if (ofRelays.length > 0 ? ofRelays.some(isAnswering) : stunServers.some(isAnswering)) return [];
  const isUdpPassing = stunServers.some(isAnswering) || diagnosis?.udp === 'players';
  const peers = diagnosis?.status.status === 'in_party' ? diagnosis.status.party.peers : [];
  const code = causeOf({
    server: isServerThere ? 'there' : 'away',
    own: isUdpPassing ? 'players' : 'nobody',
    peer: 'unknown',
    others: othersReach(peers.filter(({ isSelf, online }) => online && !isSelf).map(({ udp }) => udp)),
    isRelaying: false,
  });
  const { message, advice } = pathReasons[code];
  const asked = `Asked: ${stunServers
    .slice(0, 2)
    .map(({ endpoint }) => endpoint)
    .join(', ')}.`;
  return [{ code, severity: 'problem', message: `${message} ${asked}`, advice }];
}
