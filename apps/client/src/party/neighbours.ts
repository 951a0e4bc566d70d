/**
 * Whom this agent deals with, and whom it refuses: the control plane's word for who is in a party, held against what has
 * to be true. Pure. What a control plane can still do: docs/security.md.
 */
import type { Member } from '#shared/api/party';
import { LanrageError } from '#shared/errors';
import type { PeerId } from '#shared/party/identity';
import { parseVirtualIp, type VirtualIp, type VirtualNetwork } from '#shared/party/virtual-ip';
import { pathReasons, type PathReason } from '../connection/explanation';
import { refusalOfMember, type PartyTrust } from './vouching';

/** A member whose address is one of the party's network. */
export type Neighbour = Omit<Member, 'virtualIp'> & { readonly virtualIp: VirtualIp };

export interface Neighbours {
  /** The other members to connect to; no two of them have the same address, and none has this agent's. */
  readonly accepted: readonly Neighbour[];
  /** Why this agent does not connect to the rest. */
  readonly refused: ReadonlyMap<PeerId, PathReason>;
}

/** This agent's own entry. @throws LanrageError SERVER_MISBEHAVES without one, or with an address of another network */
export function ownEntry(
  { members, network }: { readonly members: ReadonlyMap<PeerId, Member>; readonly network: VirtualNetwork },
  ownId: PeerId,
): Neighbour {
  const own = members.get(ownId);
  const virtualIp = own && parseVirtualIp(own.virtualIp, network);
  if (virtualIp) return { ...own, virtualIp };
  const address = own ? `the address ${own.virtualIp}` : 'no address';
  throw new LanrageError('SERVER_MISBEHAVES', {
    message:
      `The server gives this player ${address}, though the party is in ${network}. ` +
      'Do not trust it: tell its operator, and meet on another server.',
  });
}

/** @param members that are to be shown, this agent included or not */
export function neighboursOf(
  members: readonly Member[],
  own: Neighbour,
  trust: PartyTrust,
  network: VirtualNetwork,
): Neighbours {
  const accepted: Neighbour[] = [];
  const refused = new Map<PeerId, PathReason>();
  const claims = new Map<string, number>([[own.virtualIp, 1]]);
  const others = members.filter(({ id }) => id !== own.id);
  const genuine = others.filter((member) => {
    const refusal = refusalOfMember(member, trust);
    if (refusal) refused.set(member.id, refusal);
    return !refusal;
  });
  for (const { virtualIp } of genuine) claims.set(virtualIp, (claims.get(virtualIp) ?? 0) + 1);
  for (const member of genuine) {
    const virtualIp = parseVirtualIp(member.virtualIp, network);
    // Nobody can tell which of two with the same address lies, so that neither gets the other's packets.
    if (virtualIp && claims.get(virtualIp) === 1) accepted.push({ ...member, virtualIp });
    else refused.set(member.id, { code: 'false_address', ...pathReasons.false_address });
  }
  return { accepted, refused };
}
