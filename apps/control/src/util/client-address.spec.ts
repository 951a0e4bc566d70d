import type { Socket } from 'node:net';
import { clientAddress, isOfThisMachine, limitKey } from './client-address';

const request = (remoteAddress: string, forwarded?: string) => ({
  socket: { remoteAddress } as Socket,
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
});

describe('clientAddress', () => {
  it.each([
    ['the socket, without proxies', request('192.0.2.1', '203.0.113.9'), 0, '192.0.2.1'],
    ['IPv4 on an IPv6 socket', request('::ffff:192.0.2.1'), 0, '192.0.2.1'],
    ['what our proxy saw', request('10.0.0.1', '203.0.113.9'), 1, '203.0.113.9'],
    ['not what the client claims', request('10.0.0.1', '198.51.100.1, 203.0.113.9'), 1, '203.0.113.9'],
    ['behind two proxies', request('10.0.0.1', 'fake, 203.0.113.9, 10.0.0.2'), 2, '203.0.113.9'],
    ['the socket, when the proxy adds nothing', request('10.0.0.1'), 1, '10.0.0.1'],
  ])('is %s', (_what, from, proxies, expected) => {
    expect(clientAddress(from, proxies)).toBe(expected);
  });
});

describe('limitKey', () => {
  it('is an IPv4 address, or an IPv6 network', () => {
    expect(limitKey('192.0.2.1')).toBe('192.0.2.1');
    expect(limitKey('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(limitKey('2001:db8:1:2::9')).toBe(limitKey('2001:db8:1:2:ffff::1'));
    expect(limitKey('2001:db8:1:3::9')).not.toBe(limitKey('2001:db8:1:2::9'));
  });
});

describe('isOfThisMachine', () => {
  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])('counts %s', (address) =>
    expect(isOfThisMachine(request(address))).toBe(true),
  );

  it.each([
    ['a member of a party, through the tunnel', '10.66.7.8'],
    ['a member, as an IPv6 socket sees it', '::ffff:10.66.7.8'],
    ['a private network', '192.168.1.20'],
    ['a private network', '10.1.2.3'],
    ['a private network', '172.16.0.1'],
    ['a private network', 'fd00::1'],
    ['a link', 'fe80::1'],
    ['the Internet', '203.0.113.9'],
    ['nowhere', ''],
  ])('does not count %s: %s', (_, address) => expect(isOfThisMachine(request(address))).toBe(false));

  it('does not count what a proxy on this machine passes on', () => {
    expect(isOfThisMachine(request('127.0.0.1', '127.0.0.1'))).toBe(false);
    const forwarded = { ...request('127.0.0.1'), headers: { forwarded: 'for=127.0.0.1' } };
    expect(isOfThisMachine(forwarded)).toBe(false);
  });
});
