/** Where a machine sends what, from the answers of ip(8) with `-json`. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { parseNetwork, type Ipv4Network } from './ipv4-network';

/** What is asked for, line by line; see {@link routingOf}. */
export const ROUTING_QUESTIONS = ['address show', 'route show table all', 'rule show'];

export interface Routing {
  readonly links: readonly LinkReading[];
  readonly routes: readonly RouteReading[];
  /** In the order in which the kernel follows them. */
  readonly rules: readonly RuleReading[];
}

export interface LinkReading {
  readonly name: string;
  readonly isUp: boolean;
  readonly addresses: readonly { readonly address: string; readonly prefixBits: number }[];
}

export interface RouteReading {
  /** `unicast`, `local`, `blackhole`, `throw` and their like. */
  readonly type: string;
  readonly to: Ipv4Network;
  /** `to` as ip(8) writes it. */
  readonly label: string;
  readonly interfaceName: string | null;
  readonly gateways: readonly string[];
  readonly table: string;
}

export interface RuleReading {
  readonly priority: number;
  readonly table: string;
  /** Whether packets of any program of this machine may follow it, to some destinations at least. */
  readonly isGeneral: boolean;
  /** The destinations that it is for. */
  readonly to: Ipv4Network;
  /** Routes with a prefix of so many bits or fewer do not count; -1: all count. */
  readonly suppressedBits: number;
}

const linksSchema = z.array(
  z.object({
    ifname: z.string(),
    flags: z.array(z.string()).default([]),
    addr_info: z
      .array(z.object({ family: z.string(), local: z.string().optional(), prefixlen: z.int() }))
      .default([]),
  }),
);

const hopSchema = { gateway: z.string().optional(), dev: z.string().optional() };
const routesSchema = z.array(
  z.object({
    ...hopSchema,
    type: z.string().default('unicast'),
    dst: z.string(),
    table: z.string().default('main'),
    nexthops: z.array(z.object(hopSchema)).default([]),
  }),
);

const rulesSchema = z.array(
  z.looseObject({
    priority: z.int().default(0),
    table: z.string().default(''),
    src: z.string().default('all'),
    dst: z.string().optional(),
    dstlen: z.int().optional(),
    suppress_prefixlen: z.int().default(-1),
  }),
);

/** With these a rule is for some packets only, which a game's are not. */
const selectors = [
  'srclen',
  'fwmark',
  'tos',
  'iif',
  'oif',
  'uid_start',
  'ipproto',
  'sport',
  'dport',
  'l3mdev',
];

/** @param text one answer on each line, to {@link ROUTING_QUESTIONS}. @returns undefined for anything else */
export function routingOf(text: string): Routing | undefined {
  const [links, routes, rules] = answersIn(text);
  const read = {
    links: linksSchema.safeParse(withoutEmpty(links)),
    routes: routesSchema.safeParse(withoutEmpty(routes)),
    rules: rulesSchema.safeParse(withoutEmpty(rules)),
  };
  if (!read.links.success || !read.routes.success || !read.rules.success) return undefined;
  return {
    links: read.links.data.map(linkOf),
    routes: read.routes.data.flatMap(routeOf),
    rules: read.rules.data.flatMap(ruleOf),
  };
}

/** Reads an interface from `address show dev NAME`; undefined when there is none. */
export function linkIn(text: string): LinkReading | undefined {
  const { success, data } = linksSchema.safeParse(withoutEmpty(answersIn(text)[0]));
  return success && data[0] ? linkOf(data[0]) : undefined;
}

/** The interface by which the kernel sends to each address, from any number of `route get ADDRESS`. */
export function waysIn(answers: readonly unknown[]): ReadonlyMap<string, string> {
  const routes = answers.flatMap((answer) => routesSchema.safeParse(answer).data ?? []);
  return new Map(routes.flatMap(({ dst, dev }) => (dev === undefined ? [] : [[dst, dev] as const])));
}

/** What ip(8) prints for several questions: one answer on a line, and nothing for one that failed. */
export function answersIn(text: string): unknown[] {
  try {
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as unknown);
  } catch {
    return [];
  }
}

/** Some versions of ip(8) print an empty object for what they leave out. */
function withoutEmpty(answer: unknown): unknown {
  if (!Array.isArray(answer)) return answer;
  return answer.filter((entry: unknown) => !isDeepStrictEqual(entry, {}));
}

function linkOf({ ifname, flags, addr_info }: z.output<typeof linksSchema>[number]): LinkReading {
  const addresses = addr_info.flatMap(({ family, local, prefixlen }) =>
    family === 'inet' && local !== undefined ? [{ address: local, prefixBits: prefixlen }] : [],
  );
  return { name: ifname, isUp: flags.includes('UP'), addresses };
}

/** Reads a route; of IPv4 alone. */
function routeOf({ type, dst, dev, gateway, table, nexthops }: z.output<typeof routesSchema>[number]) {
  const to = parseNetwork(dst);
  if (!to) return [];
  const hops = [{ gateway, dev }, ...nexthops];
  const route: RouteReading = {
    type,
    to,
    label: dst,
    interfaceName: hops.find((hop) => hop.dev !== undefined)?.dev ?? null,
    gateways: hops.flatMap((hop) => hop.gateway ?? []),
    table,
  };
  return [route];
}

function ruleOf(rule: z.output<typeof rulesSchema>[number]): RuleReading[] {
  const to =
    rule.dst === undefined ? parseNetwork('default') : parseNetwork(`${rule.dst}/${rule.dstlen ?? 32}`);
  if (!to) return [];
  // With `not` it is for all packets but these.
  const isNegated = 'not' in rule;
  const isNarrow = rule.src !== 'all' || selectors.some((selector) => selector in rule);
  const { priority, table, suppress_prefixlen: suppressedBits } = rule;
  const everywhere = { first: 0, bits: 0 };
  return [
    { priority, table, isGeneral: isNegated || !isNarrow, to: isNegated ? everywhere : to, suppressedBits },
  ];
}
