/**
 * IP addresses between text and network byte order.
 *
 * Text is canonical: dotted decimal without leading zeros for IPv4, RFC 5952 for IPv6. Zone identifiers
 * (`%eth0`) are refused: they mean something on one machine only.
 */

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const group = /^[0-9a-f]{1,4}$/i;

/** 4 bytes for IPv4, 16 for IPv6, in network byte order; undefined when the text is neither. */
export function parseIpAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** The canonical text of 4 or 16 bytes; throws a RangeError for any other length. */
export function formatIpAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length === 16) return formatIpv6(bytes);
  throw new RangeError(`an IP address has 4 or 16 bytes, not ${bytes.length}`);
}

function parseIpv4(text: string): Uint8Array | undefined {
  return ipv4.test(text) ? Uint8Array.from(text.split('.'), Number) : undefined;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0], halves.length === 1);
  const tail = parseGroups(halves[1], true);
  if (!head || !tail) return undefined;
  const zeros = 8 - head.length - tail.length;
  if (halves.length === 1 ? zeros !== 0 : zeros < 1) return undefined;
  const groups = [...head, ...new Array<number>(zeros).fill(0), ...tail];
  return Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 0xff]));
}

/** The 16-bit groups of one side of `::`; the last two may be written as an IPv4 address. */
function parseGroups(text: string | undefined, mayEndInIpv4: boolean): number[] | undefined {
  if (!text) return [];
  const parts = text.split(':');
  const last = parts.at(-1) ?? '';
  const embedded = mayEndInIpv4 ? parseIpv4(last) : undefined;
  const hexadecimal = embedded ? parts.slice(0, -1) : parts;
  if (!hexadecimal.every((part) => group.test(part))) return undefined;
  const groups = hexadecimal.map((part) => Number.parseInt(part, 16));
  if (!embedded) return groups;
  const view = new DataView(embedded.buffer);
  return [...groups, view.getUint16(0), view.getUint16(2)];
}

function formatIpv6(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2));
  const { start, length } = longestZeroRun(groups);
  const hexadecimal = (part: number[]) => part.map((value) => value.toString(16)).join(':');
  // RFC 5952 section 4.2.2: a single zero group is not shortened.
  if (length < 2) return hexadecimal(groups);
  return `${hexadecimal(groups.slice(0, start))}::${hexadecimal(groups.slice(start + length))}`;
}

/** The first of the longest runs of zero groups (RFC 5952 section 4.2.3). */
function longestZeroRun(groups: number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((value, index) => {
    if (value !== 0) start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  });
  return longest;
}
