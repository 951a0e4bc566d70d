/**
 * IPv4 addresses in the form of IPv6 ones, as a network that carries IPv6 alone has them translated (NAT64, RFC 6146): their
 * form (RFC 6052 section 2.2), and how such a network's prefix is found (RFC 7050). Pure.
 *
 *     bits     0       32      40      48      56      64   72      80      88      96     104 … 127
 *     /32      prefix  v4 ………………………………………………   u    suffix
 *     /64      prefix ……………………………………………………   u    v4 ………………………………………  suffix
 *     /96      prefix …………………………………………………………………………………………………………   v4
 *
 * The bits 64 to 71 (u) and the suffix are zero.
 */
import { formatIpAddress, parseIpAddress } from '#shared/ip-address';
import { ipScope } from '#shared/ip-scope';

/** What a NAT64 puts before IPv4 addresses. */
export interface Nat64Prefix {
  /** 16 bytes in network order; zero after the prefix. */
  readonly bytes: Uint8Array;
  readonly bits: (typeof prefixLengths)[number];
}

/** RFC 6052 section 2.2. */
export const prefixLengths = [32, 40, 48, 56, 64, 96] as const;

/** Whose AAAA records show the prefix, as it has none of its own (RFC 7050 section 8). */
export const IPV4_ONLY_NAME = 'ipv4only.arpa';
const wellKnownAddresses: readonly string[] = ['192.0.0.170', '192.0.0.171'];

const RESERVED_BYTE = 8;
/** Prefixes of IPv4's translation that nobody's network has: RFC 6052 section 2.1, RFC 8215. */
const translationPrefixes = [prefixOf('64:ff9b::', 96), prefixOf('64:ff9b:1::', 48)].flatMap(
  (one) => one ?? [],
);

/** @returns undefined when that is no prefix of RFC 6052 */
export function prefixOf(address: string, bits: number): Nat64Prefix | undefined {
  const bytes = parseIpAddress(address);
  const length = prefixLengths.find((one) => one === bits);
  if (bytes?.length !== 16 || length === undefined) return undefined;
  return bytes.subarray(length / 8).every((byte) => byte === 0) && bytes[RESERVED_BYTE] === 0
    ? { bytes, bits: length }
    : undefined;
}

/** As in `64:ff9b::/96`. */
export function formatPrefix({ bytes, bits }: Nat64Prefix): string {
  return `${formatIpAddress(bytes)}/${bits}`;
}

/**
 * Whether an address is one to be translated: global, IPv4. What is nearer is where it is, or nowhere (RFC 6052 section 3.1).
 */
export function isTranslatable(address: string): boolean {
  return !address.includes(':') && ipScope(address) === 'global';
}

/** The IPv6 address by which a NAT64 reaches an IPv4 address; throws a RangeError for any other text. */
export function synthesise({ bytes, bits }: Nat64Prefix, address: string): string {
  const embedded = parseIpAddress(address);
  if (embedded?.length !== 4) throw new RangeError(`not an IPv4 address: ${address}`);
  const synthesised = Uint8Array.from(bytes);
  placesOf(bits).forEach((place, index) => (synthesised[place] = embedded[index] ?? 0));
  return formatIpAddress(synthesised);
}

/** The IPv4 address that an IPv6 address stands for; undefined when it is not one of this NAT64's. */
export function embeddedAddress({ bytes, bits }: Nat64Prefix, address: string): string | undefined {
  const whole = parseIpAddress(address);
  if (whole?.length !== 16) return undefined;
  const places = placesOf(bits);
  const isOfPrefix = whole.every((byte, index) => places.includes(index) || byte === bytes[index]);
  return isOfPrefix ? formatIpAddress(Uint8Array.from(places, (place) => whole[place] ?? 0)) : undefined;
}

/**
 * The prefixes that a DNS64's answers for {@link IPV4_ONLY_NAME} show, those first that are shown by most of them. What no
 * network has as prefix is left out: an answer can be anybody's.
 */
export function prefixesIn(answers: readonly string[]): Nat64Prefix[] {
  const found = new Map<string, { prefix: Nat64Prefix; shownBy: Set<string> }>();
  for (const answer of answers) {
    for (const prefix of prefixLengths.flatMap((bits) => shownIn(answer, bits) ?? [])) {
      const name = formatPrefix(prefix);
      const entry = found.get(name) ?? { prefix, shownBy: new Set() };
      found.set(name, entry);
      entry.shownBy.add(answer);
    }
  }
  const entries = [...found.values()].sort((one, other) => other.shownBy.size - one.shownBy.size);
  return entries.map(({ prefix }) => prefix).filter(mayBePrefix);
}

/** Whether a network may have the prefix: global or unique local addresses, or one that is there for translation. */
export function mayBePrefix(prefix: Nat64Prefix): boolean {
  if (translationPrefixes.some((one) => contains(one, prefix))) return true;
  const scope = ipScope(formatIpAddress(prefix.bytes));
  return scope === 'global' || scope === 'private';
}

function shownIn(answer: string, bits: Nat64Prefix['bits']): Nat64Prefix | undefined {
  const bytes = parseIpAddress(answer);
  if (bytes?.length !== 16) return undefined;
  const prefix = prefixOf(formatIpAddress(bytes.fill(0, bits / 8)), bits);
  const embedded = prefix && embeddedAddress(prefix, answer);
  return embedded !== undefined && wellKnownAddresses.includes(embedded) ? prefix : undefined;
}

function contains(outer: Nat64Prefix, inner: Nat64Prefix): boolean {
  const length = outer.bits / 8;
  return (
    inner.bits >= outer.bits &&
    outer.bytes.subarray(0, length).every((byte, index) => byte === inner.bytes[index])
  );
}

/** The four bytes after the prefix, but for the reserved one. */
function placesOf(bits: Nat64Prefix['bits']): number[] {
  const first = bits / 8;
  return Array.from({ length: 5 }, (_, index) => first + index)
    .filter((place) => place !== RESERVED_BYTE)
    .slice(0, 4);
}
