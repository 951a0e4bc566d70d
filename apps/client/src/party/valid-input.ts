import { LanrageError } from '#shared/errors';
import { PARTY_ID_PATTERN, type PartyId } from '#shared/party/identity';
import { normalizeName } from '#shared/party/name';
import { parseVirtualNetwork, type VirtualNetwork } from '#shared/party/virtual-ip';

/** What a player typed as a name, in the form that is stored. @throws LanrageError INVALID_NAME */
export function validName(input: string): string {
  const name = normalizeName(input);
  if (name === null) throw new LanrageError('INVALID_NAME');
  return name;
}

/** What a player typed as a party's network. @throws LanrageError INVALID_NETWORK */
export function validNetwork(input: string): VirtualNetwork {
  const network = parseVirtualNetwork(input.trim());
  if (network === undefined) throw new LanrageError('INVALID_NETWORK');
  return network;
}

/** What a player typed as a party's id. @throws LanrageError INVALID_PARTY_ID */
export function validPartyId(input: string): PartyId {
  const id = input.trim().toLowerCase();
  if (!PARTY_ID_PATTERN.test(id)) throw new LanrageError('INVALID_PARTY_ID');
  return id as PartyId;
}
