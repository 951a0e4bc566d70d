import { parseEndpoint } from '#shared/endpoint';
import type { VirtualIp } from '#shared/party/virtual-ip';
import { decodeWgDump, peerArguments } from './wg-tool';

describe('the arguments of wg set', () => {
  const peer = { publicKey: 'one=', virtualIp: '10.66.0.2' as VirtualIp, keepaliveSeconds: 25 };
  const rest = ['persistent-keepalive', '25', 'allowed-ips', '10.66.0.2/32'];

  it.each([
    ['192.0.2.1:52000', ['endpoint', '192.0.2.1:52000']],
    ['', []],
  ])('add a peer whose endpoint is "%s"', (endpoint, args) => {
    expect(peerArguments({ ...peer, endpoint: parseEndpoint(endpoint) ?? null })).toEqual([
      'peer',
      'one=',
      ...args,
      ...rest,
    ]);
  });
});

describe('wg show dump', () => {
  const line = (...fields: string[]) => `${fields.join('\t')}\n`;
  const device = line('private', 'public', '51820', 'off');

  it('has no peers at first', () => {
    expect(decodeWgDump(device)).toEqual({ listenPort: 51_820, peers: [] });
  });

  it('tells counters, endpoint and handshake of every peer', () => {
    const dump =
      device +
      line('one=', '(none)', '192.0.2.1:52000', '10.66.0.2/32', '1700000000', '180', '92', '25') +
      line('two=', '(none)', '(none)', '10.66.0.3/32', '0', '0', '148', 'off');
    expect(decodeWgDump(dump).peers).toEqual([
      {
        publicKey: 'one=',
        endpoint: '192.0.2.1:52000',
        handshakeAtMs: 1_700_000_000_000,
        rxBytes: 180,
        txBytes: 92,
      },
      { publicKey: 'two=', endpoint: null, handshakeAtMs: null, rxBytes: 0, txBytes: 148 },
    ]);
  });
});
