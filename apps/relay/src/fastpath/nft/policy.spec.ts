import { sourceWithRules } from './policy';

const usual = '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n';

describe('rules that look at the source', () => {
  it.each([
    ['the usual ones', usual, undefined],
    ['none', '', undefined],
    ['those of a VPN by marks', `${usual}5210:\tfrom all fwmark 0x80000/0xff0000 lookup main\n`, undefined],
    [
      'a second uplink',
      `0:\tfrom all lookup local\n32765:\tfrom 203.0.113.2 lookup 100\n${usual}`,
      '203.0.113.2',
    ],
    ['a network', `${usual}100:\tfrom 10.0.0.0/8 lookup 7\n`, '10.0.0.0/8'],
    ['all others', `${usual}100:\tnot from 10.0.0.0/8 lookup 7\n`, '10.0.0.0/8'],
    ['IPv6', `${usual}100:\tfrom 2001:db8::2 lookup 7\n`, '2001:db8::2'],
  ])('%s', (_what, listing, source) => {
    expect(sourceWithRules(listing)).toBe(source);
  });
});
