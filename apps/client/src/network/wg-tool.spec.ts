import { decodeWgDump } from './wg-tool';

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
