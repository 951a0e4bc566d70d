/** The conditions of nftables, held against a packet from the tunnel. Pure. */
import { z } from 'zod';
import { anyOf, isNamed, isPortIn, not, type Ternary, type TunnelPacket } from './evaluation';
import { ipv4Number, isInNetwork } from './ipv4-match';

/** The elements of sets and maps, by name. */
export type NftSets = ReadonlyMap<string, readonly unknown[]>;

const matchSchema = z.object({
  match: z.object({ op: z.string().default('=='), left: z.unknown(), right: z.unknown() }),
});
const metaSchema = z.object({ meta: z.object({ key: z.string() }) });
const payloadSchema = z.object({ payload: z.object({ protocol: z.string(), field: z.string() }) });
const ctSchema = z.object({ ct: z.object({ key: z.string() }) });
const fibSchema = z.object({ fib: z.object({ result: z.string() }) });
const rangeSchema = z.object({ range: z.tuple([z.unknown(), z.unknown()]) });
const prefixSchema = z.object({ prefix: z.object({ addr: z.string(), len: z.int() }) });
const setSchema = z.object({ set: z.union([z.array(z.unknown()), z.string(), z.number()]) });
const elementSchema = z.object({ elem: z.object({ val: z.unknown() }) });

/** Statements that have a say in whether a rule applies, and that nothing here can judge. */
const opaque = ['limit', 'quota', 'xt', 'ct count', 'connlimit', 'socket', 'osf'];

/** What a packet has in one place: how a value of the rule is compared to it. */
type Comparison = (value: unknown) => Ternary;

/** @param statement of a rule; those that are no condition hold */
export function matches(statement: unknown, packet: TunnelPacket, sets: NftSets): Ternary {
  const parsed = matchSchema.safeParse(statement);
  if (!parsed.success) {
    const isOpaque =
      typeof statement === 'object' && statement !== null && opaque.some((name) => name in statement);
    return isOpaque ? null : true;
  }
  const { op, left, right } = parsed.data.match;
  if (isOfOtherProtocol(left, packet)) return false;
  const compare = comparisonOf(left, packet);
  if (!compare) return null;
  switch (op) {
    case '==':
    case 'in':
      return anyValue(right, compare, sets);
    case '!=':
      return not(anyValue(right, compare, sets));
    default:
      return null;
  }
}

/** The rule reads a header that the packet does not have. */
function isOfOtherProtocol(left: unknown, { protocol }: TunnelPacket): boolean {
  const header = payloadSchema.safeParse(left).data?.payload.protocol;
  return header !== undefined && !['ip', 'th', 'ether', protocol].includes(header);
}

function comparisonOf(left: unknown, packet: TunnelPacket): Comparison | undefined {
  const meta = metaSchema.safeParse(left).data?.meta.key;
  if (meta !== undefined) return metaComparison(meta, packet);
  const payload = payloadSchema.safeParse(left).data?.payload;
  if (payload) return payloadComparison(payload, packet);
  const ct = ctSchema.safeParse(left).data?.ct.key;
  if (ct !== undefined) return ctComparison(ct);
  const fib = fibSchema.safeParse(left).data?.fib.result;
  if (fib === 'type') return oneOf('local');
  // There is a way back to the sender: into the tunnel.
  if (fib === 'oif' || fib === 'oifname') return (value) => (value === false ? false : null);
  return undefined;
}

function metaComparison(key: string, { interfaceName, protocol }: TunnelPacket): Comparison | undefined {
  switch (key) {
    case 'iifname':
    case 'iif':
      return (value) => typeof value === 'string' && isNamed(interfaceName, value, '*');
    case 'oifname':
    case 'oif':
      return () => false;
    case 'l4proto':
      return oneOf(protocol, protocol === 'tcp' ? 6 : 17);
    case 'nfproto':
      return oneOf('ipv4', 2);
    case 'protocol':
      return oneOf('ip', 0x0800);
    case 'pkttype':
      return oneOf('host', 'unicast', 0);
    default:
      return undefined;
  }
}

function payloadComparison(
  { protocol, field }: { protocol: string; field: string },
  packet: TunnelPacket,
): Comparison | undefined {
  if (protocol === 'ip' && field === 'saddr') return inAddresses(packet.source);
  if (protocol === 'ip' && field === 'daddr') return inAddresses(packet.destination);
  if (protocol === 'ip' && field === 'version') return oneOf(4);
  if (protocol === 'ip' && field === 'protocol')
    return oneOf(packet.protocol, packet.protocol === 'tcp' ? 6 : 17);
  if (field === 'dport') return inPorts(packet.port);
  return undefined;
}

/** What `ct` says of a connection that begins. */
function ctComparison(key: string): Comparison | undefined {
  if (key === 'state') return oneOf('new');
  if (key === 'direction') return oneOf('original');
  // Nothing was translated, nor expected.
  if (key === 'status') return () => false;
  return undefined;
}

function oneOf(...values: (string | number)[]): Comparison {
  return (value) => (values as unknown[]).includes(value);
}

function inAddresses(address: string): Comparison {
  return (value) => {
    if (typeof value === 'string') return isInNetwork(address, value);
    const prefix = prefixSchema.safeParse(value).data?.prefix;
    if (prefix) return isInNetwork(address, `${prefix.addr}/${prefix.len}`);
    const ends = rangeSchema.safeParse(value).data?.range.map((end) => ipv4Number(String(end)));
    const own = ipv4Number(address);
    const [first, last] = ends ?? [];
    if (own === null || typeof first !== 'number' || typeof last !== 'number') return null;
    return first <= own && own <= last;
  };
}

function inPorts(port: number | null): Comparison {
  return (value) => {
    if (typeof value === 'number') return isPortIn(port, value, value);
    const [from, to] = rangeSchema.safeParse(value).data?.range ?? [];
    return typeof from === 'number' && typeof to === 'number' ? isPortIn(port, from, to) : null;
  };
}

/** A value, or each of a list, of a set, or of one with a name. */
function anyValue(right: unknown, compare: Comparison, sets: NftSets): Ternary {
  if (Array.isArray(right)) return anyOf(right.map((value) => anyValue(value, compare, sets)));
  if (typeof right === 'string' && right.startsWith('@')) {
    const elements = sets.get(right.slice(1));
    return elements ? anyValue(elements, compare, sets) : null;
  }
  if (right === '*') return true;
  const set = setSchema.safeParse(right).data?.set;
  if (set !== undefined) return anyValue(set, compare, sets);
  const element = elementSchema.safeParse(right).data?.elem.val;
  if (element !== undefined) return anyValue(element, compare, sets);
  return compare(right);
}
