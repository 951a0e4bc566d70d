/** Reads what `nft -j list ruleset` prints (libnftables-json(5)); firewalld's rules are among it. Pure. */
import { z } from 'zod';
import { allOf, type Action, type BaseChain, type Rule, type Table, type TunnelPacket } from './evaluation';
import { matches, type NftSets } from './nft-match';

const names = { family: z.string(), table: z.string() };
const elements = z.array(z.unknown()).default([]);
const chainSchema = z.object({
  ...names,
  name: z.string(),
  type: z.string().optional(),
  hook: z.string().optional(),
  policy: z.string().optional(),
});
/** Each object has one of these, or something else. */
const objectSchema = z.object({
  chain: chainSchema.optional(),
  rule: z.object({ ...names, chain: z.string(), expr: z.array(z.unknown()) }).optional(),
  set: z.object({ ...names, name: z.string(), elem: elements }).optional(),
  map: z.object({ ...names, name: z.string(), elem: elements }).optional(),
});
const rulesetSchema = z.object({ nftables: z.array(objectSchema) });

/** Those that see IPv4 packets. */
const families = ['ip', 'inet'];
/** What a packet to this machine passes. */
const hooks = ['prerouting', 'input'];
const verdictNames = ['accept', 'drop', 'return', 'jump', 'goto', 'reject', 'queue', 'continue'] as const;
/** Each of its own kind of table, as iptables-nft makes them; iptables-save(8) says more of these. */
const iptablesNames = ['raw', 'mangle', 'filter', 'security', 'nat'];

export interface NftOptions {
  /** Tables that are not looked at, such as `inet lanrage_lanrage0`. */
  readonly without: (table: string) => boolean;
  /** Whether iptables-save(8) was read as well. */
  readonly iptablesKnown: boolean;
}

interface Draft {
  readonly chains: Map<string, Rule[]>;
  readonly bases: BaseChain[];
  readonly sets: Map<string, readonly unknown[]>;
  readonly rules: { chain: string; expr: readonly unknown[] }[];
}

/** @returns undefined for what is no ruleset */
export function nftTables(json: unknown, packet: TunnelPacket, options: NftOptions): Table[] | undefined {
  const parsed = rulesetSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const drafts = new Map<string, Draft>();
  const draftOf = ({ family, table }: { family: string; table: string }) => {
    const name = `${family} ${table}`;
    const draft: Draft = drafts.get(name) ?? { chains: new Map(), bases: [], sets: new Map(), rules: [] };
    drafts.set(name, draft);
    return draft;
  };
  for (const { chain, rule, set, map } of parsed.data.nftables) {
    if (chain) addChain(draftOf(chain), chain);
    if (rule) draftOf(rule).rules.push(rule);
    for (const one of [set, map]) if (one) draftOf(one).sets.set(one.name, one.elem);
  }
  return [...drafts].flatMap(([name, draft]) => {
    const [family = '', table = ''] = name.split(' ');
    if (!families.includes(family) || options.without(name)) return [];
    if (options.iptablesKnown && isOfIptables(family, table, draft)) return [];
    for (const { chain, expr } of draft.rules)
      draft.chains.get(chain)?.push(ruleOf(expr, packet, draft.sets));
    const tool = table === 'firewalld' ? 'firewalld' : 'nftables';
    return [{ name, tool, chains: draft.chains, bases: draft.bases } satisfies Table];
  });
}

function addChain(
  { chains, bases }: Draft,
  { name, type, hook, policy }: z.output<typeof chainSchema>,
): void {
  chains.set(name, []);
  // Chains for address translation do not drop.
  if (type === 'filter' && hook !== undefined && hooks.includes(hook))
    bases.push({ name, policy: policy === 'drop' ? 'drop' : 'accept' });
}

function isOfIptables(family: string, table: string, { bases, chains }: Draft): boolean {
  const capitals = [...chains.keys()].some((chain) =>
    ['INPUT', 'PREROUTING', 'OUTPUT', 'FORWARD'].includes(chain),
  );
  return family === 'ip' && iptablesNames.includes(table) && (capitals || bases.length === 0);
}

function ruleOf(expr: readonly unknown[], packet: TunnelPacket, sets: NftSets): Rule {
  const conditions = expr.map((statement) => matches(statement, packet, sets));
  const action = expr.map((statement) => actionOf(statement, packet, sets)).find((one) => one !== null);
  return { matches: allOf(conditions), action: action ?? { kind: 'none' } };
}

/** Null for a statement that decides nothing. */
function actionOf(statement: unknown, packet: TunnelPacket, sets: NftSets): Action | null {
  if (typeof statement !== 'object' || statement === null) return null;
  const fields = statement as Record<string, unknown>;
  if ('vmap' in fields) return verdictOfMap(fields['vmap'], packet, sets);
  const name = verdictNames.find((verdict) => verdict in fields);
  switch (name) {
    case undefined:
    case 'continue':
      return null;
    case 'accept':
    case 'drop':
    case 'return':
      return { kind: name };
    case 'reject':
      return { kind: 'drop' };
    case 'queue':
      return { kind: 'any', actions: [{ kind: 'accept' }, { kind: 'drop' }] };
    case 'jump':
    case 'goto': {
      const target = z.object({ target: z.string() }).safeParse(fields[name]);
      return target.success ? { kind: name, chain: target.data.target } : null;
    }
  }
}

const vmapSchema = z.object({ key: z.unknown(), data: z.unknown() });
const pairsSchema = z.array(z.tuple([z.unknown(), z.unknown()]));

/** The verdict of the first key that the packet has; of each that it may have, where that cannot be told. */
function verdictOfMap(vmap: unknown, packet: TunnelPacket, sets: NftSets): Action {
  const unknown: Action = { kind: 'any', actions: [{ kind: 'accept' }, { kind: 'drop' }, { kind: 'none' }] };
  const parsed = vmapSchema.safeParse(vmap);
  if (!parsed.success) return unknown;
  const { key, data } = parsed.data;
  const elements = typeof data === 'string' ? sets.get(data.slice(1)) : (data as { set?: unknown }).set;
  const pairs = pairsSchema.safeParse(elements);
  if (!pairs.success) return unknown;
  const possible: Action[] = [];
  for (const [value, verdict] of pairs.data) {
    const isIt = matches({ match: { op: '==', left: key, right: value } }, packet, sets);
    if (isIt === false) continue;
    possible.push(actionOf(verdict, packet, sets) ?? { kind: 'none' });
    if (isIt) return { kind: 'any', actions: possible };
  }
  return { kind: 'any', actions: [...possible, { kind: 'none' }] };
}
