import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import type { VirtualIp } from '#shared/party/virtual-ip';
import { decodeUapiGet, encodeUapiSet, isUapiAnswerComplete, uapiErrno } from './uapi';

// The keys of the example in https://www.wireguard.com/xplatform/.
const privateKey = 'e84b5a6d2717c1003a13b431570353dbaca9146cf150c5f8575680feba52027a';
const peerKey = 'b85996fecc9c7f1fc6d2572a76eda11d59bcd20be8e543b15ce4bd85a8e75a33';
const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');

describe('the configuration protocol of userspace WireGuard', () => {
  it('sets key, port and peers', () => {
    const text = encodeUapiSet({
      privateKey: Buffer.from(privateKey, 'hex'),
      listenPort: 12_912,
      peers: [
        { publicKey: base64(peerKey), remove: true },
        {
          publicKey: base64(peerKey),
          endpoint: parseEndpoint('[2001:db8::1]:51820') as Endpoint,
          virtualIp: '10.66.0.2' as VirtualIp,
          keepaliveSeconds: 25,
        },
      ],
    });
    expect(text).toBe(
      [
        'set=1',
        `private_key=${privateKey}`,
        'listen_port=12912',
        `public_key=${peerKey}`,
        'remove=true',
        `public_key=${peerKey}`,
        'endpoint=[2001:db8::1]:51820',
        'persistent_keepalive_interval=25',
        'replace_allowed_ips=true',
        'allowed_ip=10.66.0.2/32',
        '',
        '',
      ].join('\n'),
    );
  });

  it('adds a peer of whom it is not known where it is', () => {
    const peer = { publicKey: base64(peerKey), virtualIp: '10.66.0.2' as VirtualIp, keepaliveSeconds: 25 };
    const text = encodeUapiSet({ peers: [{ ...peer, endpoint: null }] });
    expect(text).not.toContain('endpoint');
    expect(text).toContain('allowed_ip=10.66.0.2/32');
  });

  it('moves a peer that is there', () => {
    const publicKey = base64(peerKey);
    const endpoint = parseEndpoint('192.0.2.7:40000') as Endpoint;
    const text = encodeUapiSet({
      peers: [{ publicKey, update: true, endpoint }],
    });
    expect(text.split('\n')).toEqual([
      'set=1',
      `public_key=${peerKey}`,
      'update_only=true',
      'endpoint=192.0.2.7:40000',
      '',
      '',
    ]);
  });

  it('reads peers and their counters', () => {
    const answer = [
      `private_key=${privateKey}`,
      'listen_port=12912',
      `public_key=${peerKey}`,
      'endpoint=182.122.22.19:3233',
      'last_handshake_time_sec=1700000000',
      'last_handshake_time_nsec=250000000',
      'tx_bytes=38333',
      'rx_bytes=2224',
      'persistent_keepalive_interval=111',
      'allowed_ip=192.168.4.4/32',
      `public_key=${'00'.repeat(32)}`,
      'last_handshake_time_sec=0',
      'last_handshake_time_nsec=0',
      'tx_bytes=148',
      'rx_bytes=0',
      'errno=0',
      '',
      '',
    ].join('\n');
    const { listenPort, peers } = decodeUapiGet(answer);
    expect(listenPort).toBe(12_912);
    expect(peers).toEqual([
      {
        publicKey: base64(peerKey),
        endpoint: '182.122.22.19:3233',
        handshakeAtMs: 1_700_000_000_250,
        rxBytes: 2_224,
        txBytes: 38_333,
      },
      { publicKey: base64('00'.repeat(32)), endpoint: null, handshakeAtMs: null, rxBytes: 0, txBytes: 148 },
    ]);
  });

  it.each([
    ['errno=0\n\n', 0],
    ['errno=-98\n\n', -98],
    ['\n', undefined],
  ])('%j says errno %p', (answer, errno) => {
    expect(isUapiAnswerComplete(answer)).toBe(true);
    expect(uapiErrno(answer)).toBe(errno);
  });

  it('waits for the end of an answer', () => {
    expect(isUapiAnswerComplete('listen_port=1\nerrno=0\n')).toBe(false);
  });
});
