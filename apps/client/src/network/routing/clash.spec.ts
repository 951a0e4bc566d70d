import { DEFAULT_NETWORK } from '#shared/party/virtual-ip';
import { chooseNetwork, clashOf, describeClash } from './clash';
import { ROUTING_QUESTIONS, routingOf, type Routing } from './reading';

type Answer = Record<string, unknown>;
interface Machine {
  links?: Answer[];
  routes?: Answer[];
  rules?: Answer[];
}

const link = (ifname: string, ...networks: string[]): Answer => ({
  ifname,
  flags: ['BROADCAST', 'UP', 'LOWER_UP'],
  addr_info: [
    ...networks.map((network) => ({
      family: 'inet',
      local: network.split('/')[0],
      prefixlen: Number(network.split('/')[1]),
    })),
    { family: 'inet6', local: 'fe80::1', prefixlen: 64 },
  ],
});
const localRule = { priority: 0, src: 'all', table: 'local' };
const mainRule = { priority: 32_766, src: 'all', table: 'main' };
const atHome = link('eth0', '192.168.1.7/24');
const homeRoutes = [
  { dst: 'default', gateway: '192.168.1.1', dev: 'eth0', protocol: 'dhcp' },
  { dst: '192.168.1.0/24', dev: 'eth0', scope: 'link', prefsrc: '192.168.1.7' },
  { type: 'local', dst: '192.168.1.7', dev: 'eth0', table: 'local' },
  { dst: 'fe80::/64', dev: 'eth0' },
];

/** In the words of ip(8), which this is a test of as well. */
function routingWith({ links = [], routes = [], rules = [] }: Machine): Routing {
  const answers = [
    [{}, atHome, ...links],
    [...homeRoutes, ...routes],
    [localRule, ...rules, mainRule, { priority: 32_767, src: 'all', table: 'default' }],
  ];
  const routing = routingOf(answers.map((answer) => JSON.stringify(answer)).join('\n'));
  if (!routing) throw new Error('not understood');
  return routing;
}

const clashWith = (machine: Machine) => clashOf(routingWith(machine), DEFAULT_NETWORK, 'lanrage0');

describe('the network of a party', () => {
  it.each<[string, Machine, string]>([
    ['a home has a part of it', { links: [link('wlan0', '10.66.0.12/24')] }, 'wlan0 is in 10.66.0.12/24'],
    ['a local network is larger', { links: [link('eth1', '10.0.0.5/8')] }, 'eth1 is in 10.0.0.5/8'],
    ['another agent has it', { links: [link('lanrage1', '10.66.3.7/16')] }, 'lanrage1 is in 10.66.3.7/16'],
    [
      'a VPN has a route to all of it',
      { routes: [{ dst: '10.66.0.0/16', dev: 'tun0' }] },
      'it has a route to 10.66.0.0/16 by tun0',
    ],
    [
      'a VPN has a route to a part',
      { routes: [{ dst: '10.66.5.0/24', dev: 'tun0' }] },
      'it has a route to 10.66.5.0/24 by tun0',
    ],
    [
      'one machine of it is elsewhere',
      { routes: [{ dst: '10.66.5.9', nexthops: [{ gateway: '192.168.1.9', dev: 'eth0' }] }] },
      'it has a route to 10.66.5.9 by eth0',
    ],
    [
      'a part goes nowhere',
      { routes: [{ type: 'blackhole', dst: '10.66.0.0/24' }] },
      'it has a route to 10.66.0.0/24',
    ],
    [
      'the home router has an address of it',
      { routes: [{ dst: '10.9.0.0/16', gateway: '10.66.0.1', dev: 'eth1' }] },
      'it sends through the router 10.66.0.1 by eth1',
    ],
    [
      'a rule sends everything into another VPN',
      {
        routes: [{ dst: 'default', dev: 'tailscale0', table: '52' }],
        rules: [{ priority: 5_270, src: 'all', table: '52' }],
      },
      'a rule sends what is for it elsewhere by tailscale0 (routing table 52, default)',
    ],
    [
      'a rule is for a part of it',
      {
        routes: [{ dst: 'default', dev: 'tun0', table: '100' }],
        rules: [{ priority: 100, src: 'all', dst: '10.66.8.0', dstlen: 24, table: '100' }],
      },
      'a rule sends what is for it elsewhere by tun0 (routing table 100, default)',
    ],
    [
      'a rule is for all but the packets of a VPN itself',
      {
        routes: [{ dst: 'default', dev: 'wg0', table: '51820' }],
        rules: [{ priority: 32_765, not: null, src: 'all', fwmark: '0xca6c', table: '51820' }],
      },
      'a rule sends what is for it elsewhere by wg0 (routing table 51820, default)',
    ],
  ])('clashes where %s', (_name, machine, words) => {
    const clash = clashWith(machine);
    expect(clash && describeClash(clash)).toBe(words);
  });

  it.each<[string, Machine]>([
    ['a home is elsewhere', {}],
    [
      'its own interface has it',
      { links: [link('lanrage0', '10.66.0.1/16')], routes: [{ dst: '10.66.0.0/16', dev: 'lanrage0' }] },
    ],
    [
      'a VPN has more than it, which the kernel prefers less',
      { routes: [{ dst: '10.0.0.0/8', dev: 'tun0' }] },
    ],
    ['a neighbour has the next one', { links: [link('eth1', '10.67.0.2/16')] }],
    ['a table that no rule names has it', { routes: [{ dst: '10.66.0.0/16', dev: 'tun0', table: '7' }] }],
    [
      'a rule sends some packets elsewhere',
      {
        routes: [{ dst: 'default', dev: 'tun0', table: '7' }],
        rules: [
          { priority: 10, src: 'all', fwmark: '0x1', table: '7' },
          { priority: 11, src: '192.168.1.7', table: '7' },
          { priority: 12, src: 'all', iif: 'docker0', table: '7' },
          { priority: 13, src: 'all', dst: '10.99.0.0', dstlen: 16, table: '7' },
        ],
      },
    ],
    [
      'a VPN takes everything but what has a route of its own (wg-quick)',
      {
        routes: [{ dst: 'default', dev: 'wg0', table: '51820' }],
        rules: [
          { priority: 32_764, src: 'all', table: 'main', suppress_prefixlen: 0 },
          { priority: 32_765, not: null, src: 'all', fwmark: '0xca6c', table: '51820' },
        ],
      },
    ],
    [
      'a VPN throws it back',
      {
        routes: [
          { type: 'throw', dst: '10.66.0.0/16', table: '52' },
          { dst: '100.99.1.2', dev: 'tailscale0', table: '52' },
        ],
        rules: [{ priority: 5_270, src: 'all', table: '52' }],
      },
    ],
    [
      'a table comes after the main one',
      {
        routes: [{ dst: 'default', dev: 'tun0', table: '7' }],
        rules: [{ priority: 32_800, src: 'all', table: '7' }],
      },
    ],
  ])('does not clash where %s', (_name, machine) => {
    expect(clashWith(machine)).toBeNull();
  });

  it.each(['', '[]', 'Usage: ip', '[1]\n[2]\n[3]', `[{"ifname":1}]\n[]\n[]`])(
    'cannot be judged by %j',
    (text) => {
      expect(routingOf(text)).toBeUndefined();
    },
  );

  it('is judged by three answers', () => {
    expect(ROUTING_QUESTIONS).toHaveLength(3);
  });
});

describe('the network of a new party', () => {
  const chosen = (machine: Machine, random = 0) => chooseNetwork(routingWith(machine), 'lanrage0', random);
  const here = { links: [link('eth1', '10.66.0.5/24')] };
  const wide = { links: [link('eth1', '10.0.0.5/8'), link('docker0', '172.17.0.1/16')] };

  it('is the usual one where that is free, or nothing is known', () => {
    expect(chosen({})).toBe('10.66.0.0/16');
    expect(chooseNetwork(undefined, 'lanrage0', 7)).toBe('10.66.0.0/16');
  });

  it('is another one where that is taken, at random', () => {
    expect(chosen(here)).toBe('10.64.0.0/16');
    expect(chosen(here, 23)).toBe('10.87.0.0/16');
    expect(chosen(here, 191)).toBe('10.255.0.0/16');
    expect(chosen(here, 192)).toBe('10.64.0.0/16');
  });

  it('is none that would hide something else, if possible', () => {
    const routes = [{ dst: '10.64.0.0/12', dev: 'tun0' }];
    expect(chosen({ ...here, routes })).toBe('10.80.0.0/16');
    expect(
      chosen({
        ...here,
        routes: [
          { dst: '0.0.0.0/1', dev: 'tun0' },
          { dst: '128.0.0.0/1', dev: 'tun0' },
        ],
      }),
    ).toBe('10.64.0.0/16');
  });

  it('is of another kind where all of 10.0.0.0/8 is taken', () => {
    expect(chosen(wide)).toBe('100.127.0.0/16');
  });

  it('is the usual one where there is none', () => {
    const routes = [{ dst: 'default', dev: 'tun0', table: '7' }];
    expect(chosen({ routes, rules: [{ priority: 7, src: 'all', table: '7' }] })).toBe('10.66.0.0/16');
  });
});
