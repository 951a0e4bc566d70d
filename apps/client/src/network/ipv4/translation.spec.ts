import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { prefixOf, type Nat64Prefix } from './nat64-prefix';
import {
  inwardAddress,
  inwardEndpoint,
  isOutOfReach,
  outwardAddress,
  outwardEndpoint,
  type Ipv4Way,
} from './translation';

const endpoint = (text: string) => parseEndpoint(text) as Endpoint;
const wellKnown = prefixOf('64:ff9b::', 96) as Nat64Prefix;
const own = prefixOf('2001:db8:64::', 64) as Nat64Prefix;
const nat64: Ipv4Way = { kind: 'nat64', prefix: own };
const native: Ipv4Way = { kind: 'native' };
const none: Ipv4Way = { kind: 'none' };

describe('what is sent to an IPv4 address', () => {
  it('goes by the NAT64, and is known by its own address when it answers', () => {
    const relay = endpoint('203.0.113.7:51900');
    const sentTo = outwardEndpoint(relay, nat64);
    expect(sentTo).toBe('[2001:db8:64:0:cb:71:700:0]:51900');
    expect(inwardEndpoint(sentTo, [own])).toBe(relay);
    expect(inwardEndpoint(sentTo, [wellKnown, own])).toBe(relay);
    expect(inwardEndpoint(sentTo, [wellKnown])).toBe(sentTo);
    expect(inwardEndpoint(sentTo, [])).toBe(sentTo);
  });

  it.each([
    ['192.168.1.7', nat64],
    ['127.0.0.1', nat64],
    ['10.66.0.2', nat64],
    ['2001:db8::7', nat64],
    ['203.0.113.7', native],
    ['203.0.113.7', none],
  ])('goes to %s itself, the way being %o', (address, way) => {
    expect(outwardAddress(address, way)).toBe(address);
  });

  it('is no word from a private address, whatever the network sends', () => {
    expect(inwardAddress('64:ff9b::a42:1', [wellKnown])).toBe('64:ff9b::a42:1');
    expect(inwardAddress('64:ff9b::cb00:7107', [wellKnown])).toBe('203.0.113.7');
  });

  it.each([
    ['203.0.113.7', none, true],
    ['192.168.1.7', none, false],
    ['2001:db8::7', none, false],
    ['203.0.113.7', nat64, false],
    ['203.0.113.7', native, false],
  ])('arrives nowhere at %s, the way being %o: %p', (address, way, expected) => {
    expect(isOutOfReach(address, way)).toBe(expected);
  });
});
