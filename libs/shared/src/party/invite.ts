/**
 * An invite link: `https://server/#join=…`. Everything but the server is in the fragment, which browsers and other HTTP
 * clients keep to themselves, so that no server's log ever has it.
 *
 * The fragment is base64url (RFC 4648 section 5) of 60 bytes, 80 characters:
 *
 *   offset  bytes
 *   0       1      version, 1
 *   1       1      flags: 1 = sealed, all others 0
 *   2       6      party id
 *   8       16     secret of the invite, which the server knows by its hash
 *   24      16     party key, which the server never sees
 *   40      16     fingerprint of the inviting host's WireGuard key: first half of SHA-256
 *   56      4      checksum: first 4 bytes of SHA-256 over the bytes before
 */
import { createHash } from 'node:crypto';
import { PARTY_ID_BYTES, partyIdFrom, type PartyId } from './identity';

export const INVITE_SECRET_BYTES = 16;
export const PARTY_KEY_BYTES = 16;
export const FINGERPRINT_BYTES = 16;

export interface InviteLink {
  /** Control plane: an http(s) URL without query, fragment and credentials; ends with a slash. */
  readonly server: string;
  readonly partyId: PartyId;
  /** {@link INVITE_SECRET_BYTES} */
  readonly secret: Buffer;
  /** {@link PARTY_KEY_BYTES} */
  readonly partyKey: Buffer;
  /** {@link FINGERPRINT_BYTES}, see {@link keyFingerprint} */
  readonly hostFingerprint: Buffer;
  /** The members connect to nobody for whom the party key does not vouch. */
  readonly sealed: boolean;
}

const VERSION = 1;
const SEALED = 1;
const CHECKSUM_BYTES = 4;
const LONGEST_LINK = 2048;
const link = /^(?<server>https?:\/\/[^\s#?@\\]+)#join=(?<payload>[\w-]{80})$/i;

/** @throws RangeError for a server that cannot be in a link */
export function encodeInviteLink(invite: InviteLink): string {
  const body = Buffer.concat([
    Buffer.from([VERSION, invite.sealed ? SEALED : 0]),
    Buffer.from(invite.partyId, 'hex'),
    invite.secret,
    invite.partyKey,
    invite.hostFingerprint,
  ]);
  const payload = Buffer.concat([body, checksum(body)]).toString('base64url');
  const text = `${inviteServer(invite.server)}#join=${payload}`;
  if (!parseInviteLink(text)) throw new RangeError('not to be put into a link');
  return text;
}

/** @returns null for what is no link, was cut or mistyped, or is of another version */
export function parseInviteLink(text: string): InviteLink | null {
  if (text.length > LONGEST_LINK) return null;
  const { server = '', payload = '' } = link.exec(text.trim())?.groups ?? {};
  if (!URL.canParse(server)) return null;
  const bytes = Buffer.from(payload, 'base64url');
  const body = bytes.subarray(0, -CHECKSUM_BYTES);
  const [version, flags = 0] = body;
  if (version !== VERSION || flags > SEALED) return null;
  if (!checksum(body).equals(bytes.subarray(-CHECKSUM_BYTES))) return null;
  let offset = 2;
  const take = (count: number) => body.subarray(offset, (offset += count));
  return {
    server: inviteServer(server),
    sealed: flags === SEALED,
    partyId: partyIdFrom(take(PARTY_ID_BYTES)),
    secret: take(INVITE_SECRET_BYTES),
    partyKey: take(PARTY_KEY_BYTES),
    hostFingerprint: take(FINGERPRINT_BYTES),
  };
}

/** A server's URL as links have it, so that two of the same server are equal. */
export function inviteServer(server: string): string {
  const { origin, pathname } = new URL(server);
  return `${origin}${pathname.replace(/\/*$/, '/')}`;
}

/** Whether two URLs are of the same server. */
export function isSameServer(one: string, other: string): boolean {
  return inviteServer(one) === inviteServer(other);
}

/** @param publicKey base64 of 32 bytes @returns {@link FINGERPRINT_BYTES} bytes, twice as many as the peer id has */
export function keyFingerprint(publicKey: string): Buffer {
  const hash = createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest();
  return hash.subarray(0, FINGERPRINT_BYTES);
}

/** What the server keeps of a secret; plain SHA-256 is enough, as nobody can guess 128 random bits. */
export function hashInviteSecret(secret: Buffer): Buffer {
  return createHash('sha256').update('lanrage invite 1\0').update(secret).digest();
}

/** The name of an invite, for lists: it tells nothing of the secret. @param secretHash 32 bytes */
export function inviteIdOf(secretHash: Buffer): string {
  return secretHash.subarray(0, 4).toString('hex');
}

function checksum(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest().subarray(0, CHECKSUM_BYTES);
}
