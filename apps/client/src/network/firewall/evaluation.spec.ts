import { judge, type Rule, type Table } from './evaluation';

const rule = (matches: Rule['matches'], action: Rule['action']): Rule => ({ matches, action });
const accept = { kind: 'accept' } as const;
const drop = { kind: 'drop' } as const;
const table = (policy: 'accept' | 'drop', chains: Record<string, Rule[]>, name = 'inet filter'): Table => ({
  name,
  tool: 'nftables',
  chains: new Map(Object.entries(chains)),
  bases: [{ name: 'input', policy }],
});
const stateOf = (...tables: Table[]) => judge(tables).state;

describe('what a firewall does to a packet', () => {
  it.each<[string, Table, string]>([
    ['nothing but a policy to accept', table('accept', { input: [] }), 'open'],
    ['nothing but a policy to drop', table('drop', { input: [] }), 'closed'],
    ['a rule that applies', table('drop', { input: [rule(true, accept)] }), 'open'],
    ['a rule that does not', table('drop', { input: [rule(false, accept)] }), 'closed'],
    ['a rule of which that cannot be told', table('drop', { input: [rule(null, accept)] }), 'unknown'],
    ['one that would do the same', table('drop', { input: [rule(null, drop)] }), 'closed'],
    ['the first that applies', table('accept', { input: [rule(true, drop), rule(true, accept)] }), 'closed'],
    [
      'a chain of its own that comes back',
      table('drop', {
        input: [rule(true, { kind: 'jump', chain: 'own' }), rule(true, accept)],
        own: [rule(true, { kind: 'return' }), rule(true, drop)],
      }),
      'open',
    ],
    [
      'a chain of its own that does not',
      table('drop', { input: [rule(true, { kind: 'goto', chain: 'own' }), rule(true, accept)], own: [] }),
      'closed',
    ],
    [
      'one of several actions',
      table('drop', { input: [rule(true, { kind: 'any', actions: [accept, drop] })] }),
      'unknown',
    ],
    [
      'chains that lead in a circle',
      table('drop', { input: [rule(true, { kind: 'jump', chain: 'input' })] }),
      'unknown',
    ],
  ])('follows from %s', (_name, one, state) => {
    expect(stateOf(one)).toBe(state);
  });

  it('is decided by the strictest of several', () => {
    const open = table('accept', { input: [] });
    const closed = table('drop', { input: [] }, 'ip home');
    expect(judge([open, closed])).toEqual({
      state: 'closed',
      by: { tool: 'nftables', table: 'ip home', chain: 'input' },
    });
  });

  it('is open without any', () => {
    expect(stateOf()).toBe('open');
  });

  it('is given up where rules multiply', () => {
    const doubling = Array.from({ length: 30 }, (_, level): [string, Rule[]] => [
      `level${level}`,
      [1, 2].map(() => rule(null, { kind: 'jump', chain: `level${level + 1}` })),
    ]);
    const chains = {
      input: [rule(true, { kind: 'jump', chain: 'level0' })],
      ...Object.fromEntries(doubling),
    };
    expect(stateOf(table('accept', chains))).toBe('unknown');
  });
});
