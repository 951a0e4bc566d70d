import { LanrageError } from '#shared/errors';
import type { Party, Peer } from '../party/party';

/** The peer with this virtual IP, id, or name. @throws LanrageError NO_SUCH_PEER, also for a name that several have */
export function findPeer(party: Party, wanted: string): Peer {
  const peers = party.getPeerList();
  const exact = peers.find(({ id, virtualIp }) => id === wanted || virtualIp === wanted);
  const namesakes = peers.filter(({ name }) => folded(name) === folded(wanted));
  const [found] = exact ? [exact] : namesakes;
  if (!found) throw new LanrageError('NO_SUCH_PEER');
  if (exact || namesakes.length === 1) return found;
  throw new LanrageError('NO_SUCH_PEER', {
    message: `Several players have the name ${found.name}. Use an address from: lanrage status`,
  });
}

/** Names that look the same are the same: macOS, for one, spells é as e and an accent (Unicode's NFD). */
function folded(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}
