/** What a firewall does to one packet that comes out of the tunnel, as far as its rules tell. Pure. */
import type { Protocol } from '../guard/exposure';

/** Null: it cannot be told. */
export type Ternary = boolean | null;

/** The first packet of a player to this machine. */
export interface TunnelPacket {
  readonly interfaceName: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: Protocol;
  /** Null: a port that no rule names by itself. */
  readonly port: number | null;
}

export type Action =
  | { readonly kind: 'accept' | 'drop' | 'return' | 'none' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  /** One of these actions, and which cannot be told. */
  | { readonly kind: 'any'; readonly actions: readonly Action[] };

/** A rule, with its conditions held against the packet already. */
export interface Rule {
  readonly matches: Ternary;
  readonly action: Action;
}

/** Where the kernel begins. */
export interface BaseChain {
  readonly name: string;
  readonly policy: 'accept' | 'drop';
}

export interface Table {
  /** As its owner would name it to the tool, such as `inet filter`. */
  readonly name: string;
  readonly tool: FirewallTool;
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
  readonly bases: readonly BaseChain[];
}

export type FirewallTool = 'ufw' | 'firewalld' | 'iptables' | 'nftables';

/** What the firewalls of a machine do to a packet. `unknown`: their rules have conditions that cannot be judged here. */
export interface FirewallVerdict {
  readonly state: 'open' | 'closed' | 'unknown';
  /** The chain that drops the packet; null unless the state is `closed`. */
  readonly by: { readonly tool: FirewallTool; readonly table: string; readonly chain: string } | null;
}

type Outcome = 'accept' | 'drop' | 'return' | 'next';
type Ending = Exclude<Outcome, 'next'>;

/** Deeper than any tool nests its chains; a loop, which the kernel refuses, ends there. */
const DEEPEST = 32;
/** Chains are visited once for each way to them: rules that multiply without end are given up. */
const MOST_VISITS = 20_000;

/** A packet has to pass every base chain, of whatever program. */
export function judge(tables: readonly Table[]): FirewallVerdict {
  let isOpen = true;
  for (const table of tables) {
    const visits = { left: MOST_VISITS };
    for (const { name, policy } of table.bases) {
      const endings = new Set(
        [...endingsOf(table, name, 0, visits)].map((one) => (one === 'return' ? policy : one)),
      );
      if (!endings.has('drop')) continue;
      if (!endings.has('accept'))
        return { state: 'closed', by: { tool: table.tool, table: table.name, chain: name } };
      isOpen = false;
    }
  }
  return { state: isOpen ? 'open' : 'unknown', by: null };
}

/** All ways in which a chain may end, as far as can be told. */
function endingsOf(table: Table, chain: string, depth: number, visits: { left: number }): Set<Ending> {
  visits.left -= 1;
  if (depth > DEEPEST || visits.left < 0) return new Set<Ending>(['accept', 'drop', 'return']);
  const endings = new Set<Ending>();
  for (const { matches, action } of table.chains.get(chain) ?? []) {
    if (matches === false) continue;
    const outcomes = outcomesOf(table, action, depth, visits);
    outcomes.forEach((outcome) => outcome !== 'next' && endings.add(outcome));
    if (matches === true && !outcomes.has('next')) return endings;
  }
  return endings.add('return');
}

function outcomesOf(table: Table, action: Action, depth: number, visits: { left: number }): Set<Outcome> {
  switch (action.kind) {
    case 'none':
      return new Set(['next']);
    case 'accept':
    case 'drop':
    case 'return':
      return new Set([action.kind]);
    case 'any':
      return new Set(action.actions.flatMap((one) => [...outcomesOf(table, one, depth, visits)]));
    case 'goto':
      return endingsOf(table, action.chain, depth + 1, visits);
    case 'jump': {
      const endings = [...endingsOf(table, action.chain, depth + 1, visits)];
      return new Set(endings.map((one) => (one === 'return' ? 'next' : one)));
    }
  }
}

/** All conditions of a rule. */
export function allOf(conditions: readonly Ternary[]): Ternary {
  if (conditions.includes(false)) return false;
  return conditions.includes(null) ? null : true;
}

/** Any of several values. */
export function anyOf(conditions: readonly Ternary[]): Ternary {
  if (conditions.includes(true)) return true;
  return conditions.includes(null) ? null : false;
}

export function not(condition: Ternary): Ternary {
  return condition === null ? null : !condition;
}

/** Whether a packet's port is in a range. One that no rule names is in those of all the ports from 1024 on alone. */
export function isPortIn(port: number | null, from: number, to: number): boolean {
  return port === null ? from <= 1_024 && to === 65_535 : from <= port && port <= to;
}

/** As both tools write names of interfaces: a sign at the end stands for whatever follows. */
export function isNamed(interfaceName: string, pattern: string, wildcard: '*' | '+'): boolean {
  if (!pattern.endsWith(wildcard)) return interfaceName === pattern;
  return interfaceName.startsWith(pattern.slice(0, -1));
}
