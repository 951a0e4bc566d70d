import { LanrageError } from '#shared/errors';
import type { PartyId } from '#shared/party/identity';
import { inviteServer, parseInviteLink, type InviteLink } from '#shared/party/invite';
import { validPartyId } from './valid-input';
import type { PartyTrust } from './vouching';

/** Where a player wants to go. */
export interface Destination {
  readonly id: PartyId;
  /** Null: the player has the bare id. */
  readonly link: InviteLink | null;
}

/** A way into a party. */
export interface Entrance {
  /** Null: of a new party, whose id the server gives. */
  readonly joining: PartyId | null;
  readonly link: InviteLink | null;
  readonly trust: PartyTrust;
}

/**
 * @param text a party id or an invite link @param server that the agent uses
 * @throws LanrageError INVALID_PARTY_ID, INVALID_INVITE, OTHER_SERVER
 */
export function destinationOf(text: string, server: string): Destination {
  if (!/[:/#]/.test(text)) return { id: validPartyId(text), link: null };
  const link = parseInviteLink(text);
  if (!link) throw new LanrageError('INVALID_INVITE');
  if (link.server !== inviteServer(server))
    throw new LanrageError('OTHER_SERVER', {
      message: `The invite link is for ${link.server}, but this agent uses ${inviteServer(server)}. Stop the agent, then join again.`,
    });
  return { id: link.partyId, link };
}
