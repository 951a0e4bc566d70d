import type { Socket } from 'node:net';
import { clientAddress, isLocalAddress, limitKey } from './client-address';

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

describe('isLocalAddress', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '::1',
    'fd00::1',
    'fe80::1',
  ])('counts %s', (address) => expect(isLocalAddress(address)).toBe(true));
  it.each([
    '8.8.8.8',
    '172.32.0.1',
    '172.15.0.1',
    '192.169.0.1',
    '100.64.0.1',
    '2001:db8::1',
    '::',
    '',
    'localhost',
  ])('does not count %s', (address) => expect(isLocalAddress(address)).toBe(false));
});
