import { formatEndpoint, parseEndpoint, splitEndpoint } from './endpoint';

describe('endpoints', () => {
  it.each([
    ['192.0.2.1:51820', '192.0.2.1', 51_820, '192.0.2.1:51820'],
    ['[2001:DB8::0:1]:1', '2001:db8::1', 1, '[2001:db8::1]:1'],
    ['[::]:65535', '::', 65_535, '[::]:65535'],
  ])('%s is read, taken apart and written', (text, address, port, canonical) => {
    const endpoint = parseEndpoint(text);
    expect(endpoint).toBe(canonical);
    expect(endpoint && splitEndpoint(endpoint)).toEqual({ address, port });
    expect(formatEndpoint({ address, port })).toBe(canonical);
  });

  it.each([
    '',
    '192.0.2.1',
    '192.0.2.1:',
    '192.0.2.1:0',
    '192.0.2.1:65536',
    '192.0.2.1:080',
    '192.0.2.1:51820 ',
    '192.0.2:51820',
    'example.org:51820',
    '2001:db8::1:51820',
    '[192.0.2.1]:51820',
    '[fe80::1%eth0]:51820',
    '[::1]',
  ])('%p is refused', (text) => {
    expect(parseEndpoint(text)).toBeUndefined();
  });

  it.each([
    { address: 'localhost', port: 1 },
    { address: '192.0.2.1', port: 0 },
    { address: '192.0.2.1', port: 65_536 },
    { address: '192.0.2.1', port: 1.5 },
  ])('%p cannot be written', (socketAddress) => {
    expect(() => formatEndpoint(socketAddress)).toThrow(RangeError);
  });
});
