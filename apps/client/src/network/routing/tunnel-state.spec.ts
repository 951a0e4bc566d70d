import type { VirtualIp } from '#shared/party/virtual-ip';
import { answersIn, linkIn, waysIn } from './reading';
import { missingParts, repairCommands, straysAmong, type Tunnel } from './tunnel-state';

const ip = (text: string) => text as VirtualIp;
const tunnel: Tunnel = { interfaceName: 'lanrage0', virtualIp: ip('10.66.3.7'), network: '10.66.0.0/16' };

const shown = (flags: string[], ...addresses: [string, number][]) =>
  linkIn(
    JSON.stringify([
      {
        ifname: 'lanrage0',
        flags,
        addr_info: addresses.map(([local, prefixlen]) => ({ family: 'inet', local, prefixlen })),
      },
    ]),
  );

describe("a party's interface", () => {
  it.each([
    [['UP'], [['10.66.3.7', 16]], true, []],
    [[], [['10.66.3.7', 16]], false, ['link', 'route']],
    [['UP'], [], false, ['address', 'route']],
    [['UP'], [['10.66.3.8', 16]], true, ['address']],
    [['UP'], [['10.66.3.7', 32]], true, ['address']],
    [['UP'], [['10.66.3.7', 16]], false, ['route']],
  ] as [string[], [string, number][], boolean, string[]][])(
    'with flags %j, addresses %j and its route %j lacks %j',
    (flags, addresses, hasRoute, missing) => {
      const link = shown(flags, ...addresses);
      expect(link && missingParts(link, hasRoute, tunnel)).toEqual(missing);
    },
  );

  it('is repaired from the bottom up, and keeps its MTU', () => {
    expect(repairCommands(tunnel)).toEqual([
      'link set dev lanrage0 up',
      'address replace 10.66.3.7/16 dev lanrage0',
      'route replace 10.66.0.0/16 dev lanrage0 proto kernel scope link src 10.66.3.7',
    ]);
  });

  it('is missed by packets that the kernel sends elsewhere or nowhere', () => {
    const answers = [
      '[{"dst":"10.66.0.1","dev":"eth0","prefsrc":"10.66.0.9","flags":[],"uid":0,"cache":[]}]',
      '[{"dst":"10.66.0.2","dev":"lanrage0","prefsrc":"10.66.3.7","flags":[],"uid":0,"cache":[]}]',
    ];
    const ways = waysIn(answersIn(answers.join('\n')));
    expect(straysAmong(['10.66.0.1', '10.66.0.2', '10.66.0.3'].map(ip), ways, tunnel)).toEqual([
      { virtualIp: '10.66.0.1', interfaceName: 'eth0' },
      { virtualIp: '10.66.0.3', interfaceName: null },
    ]);
  });

  it('is not there when nothing was answered', () => {
    expect(linkIn('')).toBeUndefined();
    expect(linkIn('[{}]')).toBeUndefined();
  });
});
