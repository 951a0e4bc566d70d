import { PEER_ID_PATTERN, type PeerId } from '#shared/party/identity';
import { LanrageError } from '#shared/errors';
import type { PartyManager } from '../party-manager';
import type { Party } from '../party/party';
import { findPeer } from './find-peer';
import type { StatusAnswer } from './local-api';
import type { HostingAnswers, hostingApiSchemas } from './local-hosting-api';
import type { LocalHandlers } from './local-server';

type HostingHandlers = Pick<LocalHandlers, keyof typeof hostingApiSchemas & keyof HostingAnswers<unknown>>;

/** What the command line's hosts can do. */
export function hostingHandlers(parties: PartyManager, status: () => StatusAnswer): HostingHandlers {
  const { hosting } = parties;
  const memberId = (wanted: string) => findPeer(joined(parties), wanted).id;
  return {
    change: async ({ host, owner, ...change }) => {
      const hostId = host === undefined ? undefined : memberId(host);
      const ownerId = owner === undefined ? undefined : memberId(owner);
      await hosting.change({ ...change, hostId, ownerId });
      return status();
    },
    rename: async ({ name }) => {
      await parties.rename(name);
      return status();
    },
    kick: async ({ peer }) => {
      await hosting.kick(memberId(peer));
      return status();
    },
    ban: async ({ peer }) => {
      // A player who has left can be banned by id.
      await hosting.ban(PEER_ID_PATTERN.test(peer) ? (peer as PeerId) : memberId(peer));
      return status();
    },
    unban: async ({ peer }) => {
      await hosting.unban(await bannedId(parties, peer));
      return null;
    },
    bans: async () => ({ bans: await hosting.bans() }),
    invite: (options) => parties.invites.make(options),
    invites: async () => ({ invites: await parties.invites.list() }),
    uninvite: async ({ id }) => {
      await parties.invites.revoke(id);
      return null;
    },
    close: async ({ partyId }) => {
      await parties.closeParty(partyId);
      return null;
    },
    readState: () => parties.sharedState.read(),
    writeState: (request) => parties.sharedState.write(request),
  };
}

function joined(parties: PartyManager): Party {
  const party = parties.currentParty;
  if (!party) throw new LanrageError('NOT_IN_PARTY');
  return party;
}

/** The banned player with this id, or with this name at the time of the ban. @throws LanrageError NO_SUCH_PEER */
async function bannedId(parties: PartyManager, wanted: string): Promise<PeerId> {
  if (PEER_ID_PATTERN.test(wanted)) return wanted as PeerId;
  const bans = await parties.hosting.bans();
  const namesakes = bans.filter(({ name }) => name?.toLowerCase() === wanted.toLowerCase());
  const [found] = namesakes;
  if (found && namesakes.length === 1) return found.peerId;
  throw new LanrageError('NO_SUCH_PEER', {
    message: found
      ? `Several banned players have the name ${wanted}. Use an id from: lanrage bans`
      : 'No banned player has that name or id. See: lanrage bans',
  });
}
