/**
 * How members check one another without trusting the control plane: a member that knows the party key, which only invite
 * links carry, shows it by a MAC over its own WireGuard key. Pure. What this gives and what not: docs/security.md.
 *
 *   voucher = HMAC-SHA256(party key, "lanrage voucher 1\0" ‖ 32 bytes of the WireGuard public key)    RFC 2104
 */
import { createHmac } from 'node:crypto';
import { proofMatches } from '#shared/auth/proof';
import type { Member } from '#shared/api/party';
import { peerIdOf, type PeerId } from '#shared/party/identity';
import { keyFingerprint } from '#shared/party/invite';
import { pathReasons, type PathReason } from '../connection/explanation';

/** What this agent knows of a party besides what the server says. */
export interface PartyTrust {
  /** 16 bytes; null: this agent came without a link. */
  readonly key: Buffer | null;
  /** The player who made the party or the link said so; the server cannot take it back. */
  readonly sealed: boolean;
}

/** `unknown`: this agent has no party key. `forged`: the key or the voucher is not the member's own. */
export type Vouching = 'vouched' | 'unvouched' | 'forged' | 'unknown';

type KeyHolder = Pick<Member, 'id' | 'publicKey' | 'voucher'>;

/** @param publicKey base64 of 32 bytes @returns base64 of 32 bytes */
export function voucherFor(partyKey: Buffer, publicKey: string): string {
  return macOf(partyKey, publicKey).toString('base64');
}

export function vouchingOf({ id, publicKey, voucher }: KeyHolder, partyKey: Buffer | null): Vouching {
  if (peerIdOf(publicKey) !== id) return 'forged';
  if (!partyKey) return 'unknown';
  if (voucher === null) return 'unvouched';
  return proofMatches(macOf(partyKey, publicKey), Buffer.from(voucher, 'base64')) ? 'vouched' : 'forged';
}

/** Why this agent does not connect to a member; null: it does. */
export function refusalOfMember(member: KeyHolder, { key, sealed }: PartyTrust): PathReason | null {
  const vouching = vouchingOf(member, key);
  if (vouching === 'forged') return { code: 'forged', ...pathReasons.forged };
  const isRefused = sealed && vouching === 'unvouched';
  return isRefused ? { code: 'not_vouched', ...pathReasons.not_vouched } : null;
}

/** Is the party's host the one who made the link, or vouched for by the party key? */
export function isHostGenuine(
  hostId: PeerId,
  members: readonly KeyHolder[],
  { partyKey, hostFingerprint }: { partyKey: Buffer; hostFingerprint: Buffer },
): boolean {
  const host = members.find(({ id }) => id === hostId);
  if (!host) return false;
  const vouching = vouchingOf(host, partyKey);
  if (vouching === 'forged') return false;
  return vouching === 'vouched' || keyFingerprint(host.publicKey).equals(hostFingerprint);
}

function macOf(partyKey: Buffer, publicKey: string): Buffer {
  return createHmac('sha256', partyKey)
    .update('lanrage voucher 1\0')
    .update(Buffer.from(publicKey, 'base64'))
    .digest();
}
