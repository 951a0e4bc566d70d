import { DEFAULT_NETWORK, parseVirtualNetwork } from '#shared/party/virtual-ip';
import { guardRuleset, type GuardSettings } from './ruleset';

const rulesOf = (settings: Partial<GuardSettings>) =>
  guardRuleset({
    interfaceName: 'lanrage0',
    network: DEFAULT_NETWORK,
    exposure: 'all',
    forwarding: false,
    ...settings,
  })
    .split('\n')
    .map((line) => line.trim());

describe('the rules of the guard', () => {
  it('replace those before in one transaction', () => {
    expect(rulesOf({}).slice(0, 3)).toEqual([
      'table inet lanrage_lanrage0 {}',
      'delete table inet lanrage_lanrage0',
      'table inet lanrage_lanrage0 {',
    ]);
  });

  // A test with real packets cannot tell one direction from both: an answer needs both.
  it('keep the tunnel and other interfaces apart in both directions', () => {
    expect(rulesOf({})).toEqual(
      expect.arrayContaining(['iifname "lanrage0" drop', 'oifname "lanrage0" drop']),
    );
  });

  it("let in what is for the party's network, whichever it is", () => {
    const network = parseVirtualNetwork('172.20.0.0/16') ?? DEFAULT_NETWORK;
    expect(rulesOf({ network })).toContain(
      'ip daddr != { 172.20.0.0/16, 224.0.0.0/4, 255.255.255.255 } drop',
    );
  });

  it('do so unless the player forwards', () => {
    expect(rulesOf({ forwarding: true }).filter((rule) => rule.endsWith('"lanrage0" drop'))).toEqual([]);
  });

  it('let in nothing by IPv6, which no member has an address of', () => {
    expect(rulesOf({})).toContain('meta nfproto ipv6 drop');
  });

  it.each(['games', { tcp: [], udp: [{ from: 7_777, to: 7_779 }] }] as const)(
    'always let the agents of members speak, and end with a drop: %j',
    (exposure) => {
      const rules = rulesOf({ exposure });
      const chain = rules.slice(rules.indexOf('chain from_tunnel {'), rules.lastIndexOf('}', -2));
      expect(chain).toEqual(
        expect.arrayContaining(['meta l4proto icmp accept', 'udp dport 10066 accept', 'drop']),
      );
      expect(chain).not.toContain('accept');
    },
  );

  it('name exactly the ports that the player opens', () => {
    const rules = rulesOf({ exposure: { tcp: [], udp: [{ from: 7_777, to: 7_779 }] } });
    expect(rules.filter((rule) => / dport \{/.test(rule))).toEqual(['udp dport { 7777-7779 } accept']);
  });
});
