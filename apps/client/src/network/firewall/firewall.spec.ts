import type { TunnelPacket } from './evaluation';
import { firewallVerdict } from './firewall';

const packet = (changes: Partial<TunnelPacket> = {}): TunnelPacket => ({
  interfaceName: 'lanrage0',
  source: '10.66.7.9',
  destination: '10.66.0.1',
  protocol: 'tcp',
  port: 25_565,
  ...changes,
});

type Expression = readonly object[];
const names = { family: 'inet', table: 'filter' };
const match = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } });
const meta = (key: string) => ({ meta: { key } });
const field = (protocol: string, name: string) => ({ payload: { protocol, field: name } });
const dport = field('tcp', 'dport');
const accept = { accept: null };
const drop = { drop: null };

/** As `nft -j list ruleset` prints a machine that drops what no rule lets in. */
const ruleset = (
  input: readonly Expression[],
  others: Record<string, readonly Expression[]> = {},
  more: readonly object[] = [],
) => ({
  nftables: [
    { metainfo: { version: '1.0.6', json_schema_version: 1 } },
    { table: { ...names } },
    ...more,
    { chain: { ...names, name: 'input', type: 'filter', hook: 'input', prio: 0, policy: 'drop' } },
    ...Object.keys(others).map((name) => ({ chain: { ...names, name } })),
    ...Object.entries({ input, ...others }).flatMap(([chain, rules]) =>
      rules.map((expr) => ({ rule: { ...names, chain, expr } })),
    ),
  ],
});
const ofNft = (nft: unknown, changes?: Partial<TunnelPacket>) =>
  firewallVerdict({ nft, iptables: null }, packet(changes)).state;

describe('nftables', () => {
  const state = { ct: { key: 'state' } };
  const usual: Expression[] = [
    [match(state, ['established', 'related'], 'in'), accept],
    [match(state, 'invalid', 'in'), drop],
    [match(meta('iifname'), 'lo'), accept],
    [match(meta('l4proto'), 'icmp'), accept],
    [match(field('ip6', 'nexthdr'), 'ipv6-icmp'), accept],
    [match({ fib: { result: 'type', flags: ['daddr'] } }, 'broadcast'), drop],
  ];

  it('that drop by policy keep games out, whatever they let in for answers', () => {
    const verdict = firewallVerdict({ nft: ruleset(usual), iptables: null }, packet());
    expect(verdict).toEqual({
      state: 'closed',
      by: { tool: 'nftables', table: 'inet filter', chain: 'input' },
    });
  });

  it.each<[string, Expression, string]>([
    ['the interface', [match(meta('iifname'), 'lanrage0')], 'open'],
    ['interfaces of a kind', [match(meta('iifname'), 'lan*')], 'open'],
    ['another interface', [match(meta('iifname'), 'eth0')], 'closed'],
    ['all but another one', [match(meta('iifname'), 'eth0', '!=')], 'open'],
    ['one of several', [match(meta('iifname'), { set: ['eth0', 'lanrage0'] })], 'open'],
    ['the port', [match(dport, 25_565)], 'open'],
    ['another port', [match(dport, 22)], 'closed'],
    ['a range', [match(dport, { set: [22, { range: [25_000, 26_000] }] })], 'open'],
    ['the port of UDP', [match(field('udp', 'dport'), 25_565)], 'closed'],
    ['the port of either', [match(field('th', 'dport'), 25_565)], 'open'],
    ['the party', [match(field('ip', 'saddr'), { prefix: { addr: '10.66.0.0', len: 16 } })], 'open'],
    [
      'the home network',
      [match(field('ip', 'saddr'), { prefix: { addr: '192.168.0.0', len: 16 } })],
      'closed',
    ],
    [
      'addresses from here to there',
      [match(field('ip', 'saddr'), { range: ['10.66.0.1', '10.66.255.9'] })],
      'open',
    ],
    ['a set by its name', [match(dport, '@games')], 'open'],
    ['a set that is not there', [match(dport, '@others')], 'unknown'],
    ['so many a second', [match(dport, 25_565), { limit: { rate: 5, per: 'second' } }], 'unknown'],
    ["what is another program's business", [{ xt: { type: 'match', name: 'geoip' } }], 'unknown'],
    ['a mark', [match(meta('mark'), 7)], 'unknown'],
    ['new connections', [match(state, 'new', 'in')], 'open'],
  ])('let in %s', (_what, conditions, expected) => {
    const games = { set: { ...names, name: 'games', elem: [7_777, { elem: { val: 25_565 } }] } };
    expect(ofNft(ruleset([...usual, [...conditions, accept]], {}, [games]))).toBe(expected);
  });

  it('may decide by a map', () => {
    const vmap = (key: object, set: unknown) => [{ vmap: { key, data: { set } } }];
    const byState = vmap(state, [
      ['established', accept],
      ['invalid', drop],
    ]);
    expect(ofNft(ruleset([byState]))).toBe('closed');
    expect(ofNft(ruleset([byState, vmap(meta('iifname'), [['lanrage0', accept]])]))).toBe('open');
    const byPort = vmap(dport, [
      [22, drop],
      [{ range: [1_024, 65_535] }, { jump: { target: 'games' } }],
    ]);
    expect(ofNft(ruleset([byPort], { games: [[accept]] }))).toBe('open');
  });

  it('of firewalld are named after it, and reject', () => {
    const named = JSON.parse(
      JSON.stringify(
        ruleset([...usual, [{ jump: { target: 'zones' } }], [{ reject: { type: 'icmpx' } }]], {
          zones: [
            [match(meta('iifname'), 'eth0'), { goto: { target: 'public' } }],
            [{ goto: { target: 'public' } }],
          ],
          public: [[match(dport, 22), accept]],
        }),
      ).replaceAll('"table":"filter"', '"table":"firewalld"'),
    ) as unknown;
    expect(firewallVerdict({ nft: named, iptables: null }, packet())).toMatchObject({
      state: 'closed',
      by: { tool: 'firewalld' },
    });
  });

  it("do not count the agent's own guard, nor what is for other packets", () => {
    const own = ruleset([]).nftables.map(
      (object) =>
        JSON.parse(
          JSON.stringify(object).replaceAll('"table":"filter"', '"table":"lanrage_lanrage0"'),
        ) as object,
    );
    expect(ofNft({ nftables: own })).toBe('open');
    const ofIpv6 = JSON.parse(JSON.stringify(ruleset([])).replaceAll('"inet"', '"ip6"')) as unknown;
    expect(ofNft(ofIpv6)).toBe('open');
  });

  it('ports that are not named are let in by what is for all of them alone', () => {
    const all = [match(dport, { range: [1_024, 65_535] }), accept];
    expect(ofNft(ruleset([[match(dport, 25_565), accept]]), { port: null })).toBe('closed');
    expect(ofNft(ruleset([all]), { port: null })).toBe('open');
  });

  it.each([null, 'garbage', { nftables: 7 }])('that cannot be read leave it open what they do: %j', (nft) => {
    expect(ofNft(nft)).toBe('unknown');
  });
});

describe('iptables', () => {
  const saved = (...rules: string[]) =>
    ['*filter', ':INPUT DROP [12:720]', ':FORWARD DROP [0:0]', ':own - [0:0]', ...rules, 'COMMIT'].join('\n');
  const ofIptables = (text: string, changes?: Partial<TunnelPacket>) =>
    firewallVerdict({ nft: { nftables: [] }, iptables: text }, packet(changes)).state;

  it.each([
    ['-A INPUT -i lanrage0 -j ACCEPT', 'open'],
    ['-A INPUT -i lan+ -j ACCEPT', 'open'],
    ['-A INPUT ! -i eth0 -j ACCEPT', 'open'],
    ['-A INPUT -i eth0 -j ACCEPT', 'closed'],
    ['-A INPUT -p tcp -m tcp --dport 25565 -m comment --comment "my \\"world\\" -j DROP" -j ACCEPT', 'open'],
    ['-A INPUT -p udp -m udp --dport 25565 -j ACCEPT', 'closed'],
    ['-A INPUT -p tcp -m multiport --dports 22,25000:26000 -j ACCEPT', 'open'],
    ['-A INPUT -s 10.66.0.0/16 -j ACCEPT', 'open'],
    ['-A INPUT ! -s 192.168.0.0/255.255.0.0 -j ACCEPT', 'open'],
    ['-A INPUT -d 10.66.0.2/32 -j ACCEPT', 'closed'],
    ['-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', 'closed'],
    ['-A INPUT -m limit --limit 3/min -j ACCEPT', 'unknown'],
    ['-A INPUT -m set --match-set friends src -j ACCEPT', 'unknown'],
    ['-A INPUT -j LOG --log-prefix "all "', 'closed'],
    ['-A INPUT -p tcp -j REJECT --reject-with tcp-reset', 'closed'],
    ['-A INPUT -j own\n-A own -p tcp -j ACCEPT', 'open'],
    ['-A INPUT -g own\n-A INPUT -j ACCEPT', 'closed'],
  ])('%s', (rule, expected) => {
    expect(ofIptables(saved(rule))).toBe(expected);
  });

  it('as ufw sets them are told by its name', () => {
    const ufw = saved(
      ':ufw-before-input - [0:0]',
      ':ufw-not-local - [0:0]',
      ':ufw-user-input - [0:0]',
      '-A INPUT -j ufw-before-input',
      '-A INPUT -j ufw-user-input',
      '-A ufw-before-input -i lo -j ACCEPT',
      '-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      '-A ufw-before-input -m conntrack --ctstate INVALID -j DROP',
      '-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT',
      '-A ufw-before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT',
      '-A ufw-before-input -j ufw-not-local',
      '-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN',
      '-A ufw-not-local -j DROP',
      '-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT',
    );
    expect(firewallVerdict({ nft: { nftables: [] }, iptables: ufw }, packet())).toEqual({
      state: 'closed',
      by: { tool: 'ufw', table: 'filter', chain: 'INPUT' },
    });
    expect(ofIptables(ufw.replace('COMMIT', '-A ufw-user-input -i lanrage0 -j ACCEPT\nCOMMIT'))).toBe('open');
  });

  it('drop before the filter, too, but not where addresses are translated', () => {
    expect(ofIptables('*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j DROP\nCOMMIT')).toBe('closed');
    expect(ofIptables('*nat\n:PREROUTING DROP [0:0]\nCOMMIT')).toBe('open');
  });

  it('are read from their own tool where nft shows them as well', () => {
    const iptables = saved('-A INPUT -i lanrage0 -j ACCEPT');
    const shown = JSON.parse(
      JSON.stringify(ruleset([[{ xt: { type: 'match', name: 'comment' } }, accept]]))
        .replaceAll('"inet"', '"ip"')
        .replaceAll('"input"', '"INPUT"')
        .replaceAll('"hook":"INPUT"', '"hook":"input"'),
    ) as unknown;
    expect(firewallVerdict({ nft: shown, iptables: null }, packet()).state).toBe('unknown');
    expect(firewallVerdict({ nft: shown, iptables }, packet()).state).toBe('open');
  });
});
