/** Reads what iptables-save(8) prints; ufw's rules are among it. Pure. */
import {
  allOf,
  anyOf,
  isNamed,
  isPortIn,
  not,
  type Action,
  type BaseChain,
  type Rule,
  type Table,
  type Ternary,
  type TunnelPacket,
} from './evaluation';
import { isInNetwork } from './ipv4-match';

/** What a packet to this machine passes; nat does not drop. */
const hooks: Readonly<Record<string, readonly string[]>> = {
  raw: ['PREROUTING'],
  mangle: ['PREROUTING', 'INPUT'],
  filter: ['INPUT'],
  security: ['INPUT'],
};
const verdicts: Readonly<Record<string, Action>> = {
  ACCEPT: { kind: 'accept' },
  DROP: { kind: 'drop' },
  REJECT: { kind: 'drop' },
  RETURN: { kind: 'return' },
  QUEUE: { kind: 'any', actions: [{ kind: 'accept' }, { kind: 'drop' }] },
  NFQUEUE: { kind: 'any', actions: [{ kind: 'accept' }, { kind: 'drop' }] },
};
/** Options of a target, and what says nothing of the packet; with how many values. */
const silentOptions: Readonly<Record<string, number>> = { '-m': 1, '--match': 1, '--comment': 1, '-c': 2 };

/** @returns one table for each that filters what comes in */
export function iptablesTables(saved: string, packet: TunnelPacket): Table[] {
  const sections = saved.split(/^\*/m).slice(1);
  return sections.flatMap((section) => {
    const [name = '', ...lines] = section.split('\n');
    return name.trim() in hooks ? [tableOf(name.trim(), lines, packet)] : [];
  });
}

function tableOf(name: string, lines: readonly string[], packet: TunnelPacket): Table {
  const chains = new Map<string, Rule[]>();
  const bases: BaseChain[] = [];
  for (const line of lines) {
    const declared = /^:(\S+) (\S+)/.exec(line);
    if (declared?.[1]) {
      chains.set(declared[1], []);
      if (hooks[name]?.includes(declared[1]))
        bases.push({ name: declared[1], policy: declared[2] === 'DROP' ? 'drop' : 'accept' });
    }
    const words = wordsOf(line.replace(/^\[\d+:\d+\] /, ''));
    if (words[0] === '-A' && words[1]) chains.get(words[1])?.push(ruleOf(words.slice(2), packet, chains));
  }
  const isUfw = [...chains.keys()].some((chain) => chain.startsWith('ufw-'));
  return { name, tool: isUfw ? 'ufw' : 'iptables', chains, bases };
}

/** Quoted as in a shell. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

function ruleOf(words: readonly string[], packet: TunnelPacket, chains: ReadonlyMap<string, unknown>): Rule {
  const conditions: Ternary[] = [];
  let action: Action = { kind: 'none' };
  for (let at = 0; at < words.length; at++) {
    const isNegated = words[at] === '!';
    if (isNegated) at += 1;
    const option = words[at] ?? '';
    if (option === '-j' || option === '-g') {
      action = targetOf(words[at + 1] ?? '', option, chains);
      // What follows are options of the target.
      break;
    }
    const silent = silentOptions[option];
    if (silent !== undefined) {
      at += silent;
      continue;
    }
    let values = 0;
    while (words[at + values + 1] !== undefined && !/^(-|!$)/.test(words[at + values + 1] ?? '')) values += 1;
    const condition = conditionOf(option, words.slice(at + 1, at + 1 + values).join(' '), packet);
    conditions.push(isNegated ? not(condition) : condition);
    at += values;
  }
  return { matches: allOf(conditions), action };
}

function targetOf(target: string, option: '-j' | '-g', chains: ReadonlyMap<string, unknown>): Action {
  const verdict = verdicts[target];
  if (verdict) return verdict;
  if (!chains.has(target)) return { kind: 'none' };
  return { kind: option === '-g' ? 'goto' : 'jump', chain: target };
}

function conditionOf(option: string, value: string, packet: TunnelPacket): Ternary {
  switch (option) {
    case '-i':
      return isNamed(packet.interfaceName, value, '+');
    case '-o':
      return false;
    case '-s':
      return anyOf(value.split(',').map((network) => isInNetwork(packet.source, network)));
    case '-d':
      return anyOf(value.split(',').map((network) => isInNetwork(packet.destination, network)));
    case '-p':
      return value === 'all' || value === packet.protocol;
    case '--dport':
    case '--dports':
    case '--ports':
      return anyOf(value.split(',').map((ports) => isPort(packet.port, ports)));
    case '--ctstate':
    case '--state':
      return value.split(',').includes('NEW');
    case '--dst-type':
      return value.split(',').includes('LOCAL');
    case '--syn':
      return packet.protocol === 'tcp';
    case '--icmp-type':
      return false;
    default:
      return null;
  }
}

function isPort(port: number | null, text: string): Ternary {
  const [from, to = from] = text.split(':').map(Number);
  return from === undefined || to === undefined || Number.isNaN(from + to) ? null : isPortIn(port, from, to);
}
