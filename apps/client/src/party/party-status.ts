import type { LanrageError } from '#shared/errors';
import type { NatInfo } from '../nat/nat-traversal';
import type { NetworkManager } from '../network/network-manager';
import type { PartyStatus } from './manager-contract';
import type { PartySession } from './party-session';

/** What there is besides a party. */
interface Surroundings {
  readonly nat: { info(): NatInfo };
  readonly network: Pick<NetworkManager, 'guardInfo' | 'tunnelInfo'>;
  readonly control: { readonly server: string; readonly connected: boolean };
}

/** How things stand. @param lastEnd why the last party is over, if the player did not leave it */
export function partyStatus(
  { nat, network, control }: Surroundings,
  session: PartySession | undefined,
  lastEnd: LanrageError | null,
): PartyStatus {
  const natInfo = nat.info();
  const { server } = control;
  if (!session) {
    const endedBecause = lastEnd && { code: lastEnd.code, message: lastEnd.message };
    return { status: 'no_party', peerCount: 0, server, natInfo, endedBecause };
  }
  const party = session.view();
  return {
    status: 'in_party',
    party,
    peerCount: party.peers.size,
    server,
    natInfo,
    controlConnected: control.connected,
    guard: network.guardInfo(),
    tunnel: network.tunnelInfo(),
    discovery: session.discoveryInfo(),
  };
}
