import { LanrageError } from '#shared/errors';
import type { PartyId } from '#shared/party/identity';
import { inviteServer, parseInviteLink, type InviteLink } from '#shared/party/invite';
import { validPartyId } from './valid-input';
import type { PartyTrust } from './vouching';

/** Where a player wants to go. */
export interface Destination {
  readonly id: PartyId;
  /** http(s) URL. */
  readonly server: string;
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
 * @param text a party id or an invite link, which says where it leads
 * @param named the server that the player named with it: what else comes along, such as a password, is meant for that one
 * @param own the server of bare ids
 * @throws LanrageError INVALID_PARTY_ID, INVALID_INVITE, OTHER_SERVER
 */
export function destinationOf(text: string, named: string | undefined, own: string): Destination {
  if (!/[:/#]/.test(text)) return { id: validPartyId(text), server: named ?? own, link: null };
  const link = parseInviteLink(text);
  if (!link) throw new LanrageError('INVALID_INVITE');
  if (named !== undefined && link.server !== inviteServer(named))
    throw new LanrageError('OTHER_SERVER', {
      message: `The invite link is for ${link.server}, and not for ${inviteServer(named)}, which was named with it. Leave the server out, or take the other link.`,
    });
  return { id: link.partyId, server: link.server, link };
}
