import { isOfInterface, waysOf } from './routes';

const wired = {
  dst: 'default',
  gateway: '192.168.1.1',
  dev: 'eth0',
  protocol: 'dhcp',
  metric: 100,
  flags: [],
};
const wireless = { ...wired, gateway: '192.168.2.1', dev: 'wlan0', metric: 600 };
const ways = (...routes: object[]) => waysOf(JSON.stringify(routes), 'lanrage0');

describe('the ways of packets', () => {
  it.each([
    ['the default route goes by another interface', { ...wired, dev: 'wlan0' }],
    ['by another router', { ...wired, gateway: '192.168.1.254' }],
    ['a policy sends them elsewhere', { ...wired, table: '51820' }],
    ['they leave with another address', { ...wired, prefsrc: '192.168.1.9' }],
  ])('are others when %s', (_, route) => {
    expect(ways(route)).not.toBe(ways(wired));
  });

  it('do not depend on the order', () => {
    expect(ways(wired, wireless)).toBe(ways(wireless, wired));
  });

  it.each([
    ['a router is known for another while', { ...wired, expires: 1_798 }],
    ['the party has its route', wired, { dst: '10.66.0.0/16', dev: 'lanrage0' }],
    ['another party has its own', wired, { dst: '10.66.0.0/16', dev: 'lanrage1' }],
    ['a container starts', wired, { dst: '172.18.0.0/16', dev: 'br-7f00' }],
    ['a link is ready', wired, { dst: 'fe80::/64', dev: 'eth0' }],
    ['an address is local', wired, { type: 'local', dst: '192.168.1.7', dev: 'eth0', table: 'local' }],
  ] as [string, ...object[]][])('are the same when %s', (_, ...routes: object[]) => {
    expect(ways(...routes)).toBe(ways(wired));
  });
});

describe('a change is of the tunnel alone', () => {
  it.each([
    [
      'it comes',
      '5: lanrage0: <POINTOPOINT,UP> mtu 1280 qdisc noop state DOWN group default \\    link/none ',
    ],
    [
      'it gets its address',
      '5: lanrage0    inet 10.66.0.1/16 scope global lanrage0\\       valid_lft forever',
    ],
    [
      'the kernel routes that',
      'local 10.66.0.1 dev lanrage0 table local proto kernel scope host src 10.66.0.1 ',
    ],
    [
      'it goes',
      'Deleted 5: lanrage0: <POINTOPOINT> mtu 1280 qdisc noop state DOWN group default \\    link/none ',
    ],
  ])('when %s', (_, line) => {
    expect(isOfInterface(line, 'lanrage0')).toBe(true);
  });

  it.each([
    ['another one comes', '6: lanrage01: <POINTOPOINT,UP> mtu 1280 qdisc noop state DOWN \\    link/none '],
    [
      'another one is joined to it',
      '6: v0@lanrage0: <BROADCAST> mtu 1500 qdisc noop state DOWN \\    link/none',
    ],
    ['a default route moves', 'default via 192.168.1.1 dev wlan0 proto dhcp metric 600 '],
    ['a default route moves into it', 'default dev lanrage0 scope link '],
    ['a policy is made', '32765: from all lookup 100 '],
  ])('but not when %s', (_, line) => {
    expect(isOfInterface(line, 'lanrage0')).toBe(false);
  });
});
