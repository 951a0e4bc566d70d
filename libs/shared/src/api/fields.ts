import { z } from 'zod';
import { parseEndpoint } from '../endpoint';
import { parseDiscordLink } from '../party/discord';
import { PARTY_ID_PATTERN, PEER_ID_PATTERN, type PartyId, type PeerId } from '../party/identity';
import { normalizeName } from '../party/name';
import { natTypes } from '../party/nat-type';
import { parseVirtualNetwork } from '../party/virtual-ip';
import { udpReaches } from '../party/udp-reach';
import { parsePublicKey } from '../wireguard/key';

/** The fields that every API shares: parsed once at the edge, trusted and typed beyond it. */

export const peerIdField = z
  .string()
  .regex(PEER_ID_PATTERN)
  .transform((id) => id as PeerId)
  .meta({ examples: ['0123456789abcdef'] });
export const partyIdField = z
  .string()
  .regex(PARTY_ID_PATTERN)
  .transform((id) => id as PartyId)
  .meta({ examples: ['4f0c2a91be77'] });
export const natTypeField = z.enum(natTypes);
/** A word that only newer versions know is read as `unknown`. */
export const udpReachField = z.enum(udpReaches).catch('unknown').default('unknown');
export const timestampField = z.iso
  .datetime()
  .max(40)
  .meta({ examples: ['2026-01-31T19:30:00.000Z'] });
export const relayIdField = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
  .meta({ examples: ['fra-1'] });
export const virtualIpField = z.ipv4().meta({ examples: ['10.66.3.7'] });

const unstorable = /[\0\p{Cs}]/u;

/** Text that can be stored: PostgreSQL's is UTF-8 without NUL, and half a surrogate pair is no UTF-8. */
export const textField = z.string().refine((text) => !unstorable.test(text), 'no NUL, and whole characters');

/** What a name is searched for by. */
export const searchField = textField
  .max(200)
  .default('')
  .transform((text) => text.normalize('NFC').trim());

/** What `parse` makes of a text, or that it should have been this. */
function parsedBy<Value>(parse: (text: string) => Value | null | undefined, expectation: string) {
  return (input: string, context: z.RefinementCtx<string>): Value => {
    const value = parse(input);
    if (value !== null && value !== undefined) return value;
    context.addIssue({ code: 'custom', message: expectation });
    return z.NEVER;
  };
}

export const nameField = z
  .string()
  .max(400)
  .transform(parsedBy(normalizeName, 'a name is 1 to 50 visible characters'))
  .meta({ examples: ['Alice'] });

/** A network that a party can have. */
export const networkField = z
  .string()
  .max(18)
  .transform(
    parsedBy(
      parseVirtualNetwork,
      'a network with 16 bits of prefix in 10.0.0.0/8, 172.16.0.0/12 or 100.64.0.0/10',
    ),
  )
  .meta({ examples: ['10.87.0.0/16'] });

export const endpointField = z
  .string()
  .max(64)
  .transform(parsedBy(parseEndpoint, 'an endpoint is ip:port'))
  .meta({ examples: ['192.0.2.7:51820'] });

export const publicKeyField = z
  .string()
  .max(64)
  .transform(parsedBy(parsePublicKey, 'a public key is base64 of 32 bytes and no low-order point'))
  .meta({ examples: ['HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw='] });

export const PASSWORD_LIMITS = { least: 4, most: 128 } as const;

/** Normalized, so that keyboards that compose letters differently agree. */
export const passwordField = textField
  .max(4 * PASSWORD_LIMITS.most)
  .transform(parsedBy(normalizePassword, 'a password is 4 to 128 characters'))
  .meta({ examples: ['four words are fine'] });

function normalizePassword(text: string): string | undefined {
  const password = text.normalize('NFC');
  const characters = [...password].length;
  return characters >= PASSWORD_LIMITS.least && characters <= PASSWORD_LIMITS.most ? password : undefined;
}

export const discordUrlField = z
  .string()
  .max(1000)
  .transform(parsedBy(parseDiscordLink, 'an https link to Discord'))
  .meta({ examples: ['https://discord.gg/abc123'] });

/** Base64 of exactly `bytes` bytes, decoded. */
export const bytesField = (bytes: number) =>
  z
    .base64()
    .max(4 * Math.ceil(bytes / 3))
    .transform(parsedBy((text) => decodeBytes(text, bytes), `base64 of ${bytes} bytes`));

function decodeBytes(text: string, bytes: number): Buffer | undefined {
  const decoded = Buffer.from(text, 'base64');
  return decoded.length === bytes ? decoded : undefined;
}
