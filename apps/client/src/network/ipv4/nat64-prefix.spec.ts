import { formatIpAddress, parseIpAddress } from '#shared/ip-address';
import {
  embeddedAddress,
  formatPrefix,
  isTranslatable,
  mayBePrefix,
  prefixesIn,
  prefixOf,
  synthesise,
  type Nat64Prefix,
} from './nat64-prefix';

function prefix(text: string): Nat64Prefix {
  const [address = '', bits] = text.split('/');
  const parsed = prefixOf(address, Number(bits));
  if (!parsed) throw new RangeError(text);
  return parsed;
}

describe('an IPv4 address in a NAT64 prefix', () => {
  // RFC 6052 section 2.4, tables 1 and 2.
  it.each([
    ['2001:db8::/32', '2001:db8:c000:221::'],
    ['2001:db8:100::/40', '2001:db8:1c0:2:21::'],
    ['2001:db8:122::/48', '2001:db8:122:c000:2:2100::'],
    ['2001:db8:122:300::/56', '2001:db8:122:3c0:0:221::'],
    ['2001:db8:122:344::/64', '2001:db8:122:344:c0:2:2100::'],
    ['2001:db8:122:344::/96', '2001:db8:122:344::c000:221'],
    ['64:ff9b::/96', '64:ff9b::c000:221'],
  ])('of %s is %s', (text, address) => {
    // The table shortens a single group of zeros, which RFC 5952 does not.
    const canonical = formatIpAddress(parseIpAddress(address) ?? new Uint8Array());
    expect(synthesise(prefix(text), '192.0.2.33')).toBe(canonical);
    expect(embeddedAddress(prefix(text), address)).toBe('192.0.2.33');
    expect(formatPrefix(prefix(text))).toBe(text);
  });

  it.each([
    ['another prefix', '64:ff9b::/96', '64:ff9c::c000:221'],
    ['a suffix', '2001:db8::/32', '2001:db8:c000:221::1'],
    ['bits that are reserved', '2001:db8:122:344::/64', '2001:db8:122:344:1c0:2:2100::'],
    ['no IPv6', '64:ff9b::/96', '192.0.2.33'],
  ])('is not there in what has %s', (_, text, address) => {
    expect(embeddedAddress(prefix(text), address)).toBeUndefined();
  });

  it.each(['192.0.2', '2001:db8::1', ''])('is not made of %p', (text) => {
    expect(() => synthesise(prefix('64:ff9b::/96'), text)).toThrow(RangeError);
  });

  it.each([
    ['64:ff9b::', 64 + 8],
    ['64:ff9b::', 95],
    ['64:ff9b::1', 96],
    ['2001:db8:1::', 32],
    ['2001:db8:0:0:100::', 96],
    ['192.0.2.1', 32],
  ])('cannot be put behind %s/%i', (address, bits) => {
    expect(prefixOf(address, bits)).toBeUndefined();
  });

  it.each([
    ['203.0.113.7', true],
    ['8.8.8.8', true],
    ['10.66.0.1', false],
    ['192.168.1.1', false],
    ['100.64.0.1', false],
    ['127.0.0.1', false],
    ['169.254.169.254', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['192.0.0.170', false],
    ['2001:db8::1', false],
    ['nonsense', false],
  ])('may be made of %s: %p', (address, expected) => {
    expect(isTranslatable(address)).toBe(expected);
  });
});

describe('the prefixes that ipv4only.arpa shows', () => {
  it.each([
    '2001:db8::/32',
    '2001:db8:100::/40',
    '2001:db8:122::/48',
    '2001:db8:122:300::/56',
    '2001:db8:122:344::/64',
    '2001:db8:122:344::/96',
    'fd00:64::/96',
    '64:ff9b::/96',
    '64:ff9b:1:fffe::/96',
    '64:ff9b:1::/48',
  ])('are found: %s', (text) => {
    const answers = ['192.0.0.170', '192.0.0.171'].map((address) => synthesise(prefix(text), address));
    expect(prefixesIn(answers).map(formatPrefix)).toEqual([text]);
    expect(prefixesIn(answers.slice(0, 1)).map(formatPrefix)).toEqual([text]);
  });

  it('begin with the one that most answers show', () => {
    const both = ['192.0.0.170', '192.0.0.171'].map((address) => synthesise(prefix('64:ff9b::/96'), address));
    const answers = [synthesise(prefix('2001:db8:64::/96'), '192.0.0.170'), ...both];
    expect(prefixesIn(answers).map(formatPrefix)).toEqual(['64:ff9b::/96', '2001:db8:64::/96']);
  });

  it.each([
    ['nothing', []],
    ['an address of its own', ['2001:db8::1']],
    ['another address in the prefix', ['64:ff9b::c000:221']],
    ['IPv4', ['192.0.0.170', '192.0.0.171']],
    ['no addresses', ['', 'ipv4only.arpa', '::g']],
    ['loopback and IPv4-compatible', ['::192.0.0.170']],
    ['IPv4-mapped', ['::ffff:192.0.0.170']],
    ['link-local', ['fe80::192.0.0.170', 'fe80:0:c000:aa::']],
    ['multicast', ['ff02::192.0.0.170']],
    ['Teredo', ['2001:0:c000:aa::']],
    ['6to4', ['2002:c000:221::192.0.0.170']],
    ['what nobody has', ['4000::192.0.0.170']],
  ])('are none in %s', (_, answers) => {
    expect(prefixesIn(answers)).toEqual([]);
  });

  it('may be no wider than what is there for translation', () => {
    expect(mayBePrefix(prefix('64:ff9b:1::/48'))).toBe(true);
    expect(mayBePrefix(prefix('64:ff9b::/32'))).toBe(false);
  });
});
