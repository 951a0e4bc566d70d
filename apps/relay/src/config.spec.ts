import { ConfigError } from '#shared/settings';
import { readConfig, redacted } from './config';

const least = { LANRAGE_RELAY_SECRET: 'a-secret-of-the-relay' };
const twice = (alternate: string) => ({
  ...least,
  LANRAGE_PUBLIC_ADDRESS: '192.0.2.1',
  LANRAGE_STUN_ALTERNATE_ADDRESS: alternate,
});

const own = '203.0.113.7';

describe('the settings of the relay', () => {
  it('need only the secret', () => {
    expect(readConfig(own, least)).toMatchObject({
      controlUrl: 'http://127.0.0.1:8080',
      secret: 'a-secret-of-the-relay',
      region: 'local',
      ports: { first: 51_900, last: 52_155 },
      bindAddress: '0.0.0.0',
      stunPorts: [3478, 3479],
      fastPath: 'auto',
      isBatchingWanted: true,
      metricsPort: 9101,
      metricsBindAddress: '127.0.0.1',
      idleMs: 86_400_000,
      drainMs: 60_000,
      logLevel: 'info',
    });
    expect(readConfig(own, least).relayId).toMatch(/^\d+\.\d+\.\d+\.\d+-51900$/);
    expect(readConfig(own, { ...least, LANRAGE_PUBLIC_ADDRESS: '::ffff:1' }).relayId).toBe('ffff-1-51900');
    expect(readConfig(own, { ...least, LANRAGE_PUBLIC_ADDRESS: '' }).publicAddress).toBe(own);
  });

  it('can all be given, and empty ones count as not given', () => {
    const config = readConfig(own, {
      LANRAGE_CONTROL_URL: 'https://lan.example.org',
      LANRAGE_RELAY_SECRET: 'the-new-secret-comes-first, the-old-secret-of-before',
      LANRAGE_RELAY_ID: 'fra-1',
      LANRAGE_RELAY_REGION: 'eu',
      LANRAGE_RELAY_PORTS: '60000-60000',
      LANRAGE_PUBLIC_ADDRESS: '2001:DB8:0::1',
      LANRAGE_STUN_PORT: '3479',
      LANRAGE_RELAY_FAST_PATH: 'off',
      LANRAGE_RELAY_IO: 'dgram',
      LANRAGE_LOG_LEVEL: '',
    });
    expect(config).toMatchObject({
      controlUrl: 'https://lan.example.org',
      secret: 'the-new-secret-comes-first',
      relayId: 'fra-1',
      region: 'eu',
      ports: { first: 60_000, last: 60_000 },
      publicAddress: '2001:db8::1',
      stunPorts: [3479, 3480],
      bindAddress: '2001:db8::1',
      stunAddresses: [{ bind: '2001:db8::1', public: '2001:db8::1' }],
      fastPath: 'off',
      isBatchingWanted: false,
      logLevel: 'info',
    });
  });

  it('find the control plane of the same machine on its port', () => {
    expect(readConfig(own, { ...least, LANRAGE_HTTP_PORT: '9000' }).controlUrl).toBe('http://127.0.0.1:9000');
  });

  it.each([
    [{}, '192.0.2.1', '192.0.2.2'],
    [{ LANRAGE_RELAY_BIND: '10.0.0.1', LANRAGE_STUN_ALTERNATE_BIND: '10.0.0.2' }, '10.0.0.1', '10.0.0.2'],
  ])('give STUN a second address with sockets that know it: %j', (bind, first, second) => {
    const addresses = {
      LANRAGE_PUBLIC_ADDRESS: '192.0.2.1',
      LANRAGE_STUN_ALTERNATE_ADDRESS: '192.0.2.2',
      LANRAGE_STUN_ALTERNATE_PORT: '3500',
    };
    expect(readConfig(own, { ...least, ...addresses, ...bind })).toMatchObject({
      stunPorts: [3478, 3500],
      stunAddresses: [
        { bind: first, public: '192.0.2.1' },
        { bind: second, public: '192.0.2.2' },
      ],
    });
  });

  it('are refused all at once', () => {
    const faults = {
      LANRAGE_CONTROL_URL: 'ftp://example.org',
      LANRAGE_RELAY_SECRET: 'short',
      LANRAGE_RELAY_ID: '-',
      LANRAGE_RELAY_PORTS: '52155-51900',
      LANRAGE_PUBLIC_ADDRESS: 'example.org',
      LANRAGE_STUN_PORT: '70000',
    };
    const refusal = () => readConfig(own, faults);
    expect(refusal).toThrow(ConfigError);
    for (const name of Object.keys(faults)) expect(refusal).toThrow(name);
  });

  it.each([
    [{}, 'LANRAGE_RELAY_SECRET: missing'],
    [{ ...least, LANRAGE_RELAY_PORTS: '51900' }, 'LANRAGE_RELAY_PORTS: two ports'],
    [{ ...least, LANRAGE_RELAY_PORTS: '0-10' }, 'LANRAGE_RELAY_PORTS: not a range'],
    [{ ...least, LANRAGE_STUN_PORT: '52000' }, 'LANRAGE_STUN_PORT: lies in LANRAGE_RELAY_PORTS'],
    [{ ...least, LANRAGE_STUN_PORT: '51899' }, 'LANRAGE_STUN_ALTERNATE_PORT: lies in LANRAGE_RELAY_PORTS'],
    [{ ...least, LANRAGE_STUN_PORT: '65535' }, 'LANRAGE_STUN_ALTERNATE_PORT: needed'],
    [{ ...least, LANRAGE_STUN_ALTERNATE_PORT: '3478' }, 'LANRAGE_STUN_ALTERNATE_PORT: is LANRAGE_STUN_PORT'],
    [twice('192.0.2.1'), 'LANRAGE_STUN_ALTERNATE_ADDRESS: is the public address'],
    [twice('2001:db8::1'), 'LANRAGE_STUN_ALTERNATE_ADDRESS: of another family'],
    [{ ...twice('192.0.2.2'), LANRAGE_RELAY_BIND: '::' }, 'LANRAGE_RELAY_BIND: of another family'],
    [
      { ...twice('192.0.2.2'), LANRAGE_STUN_ALTERNATE_BIND: '::1' },
      'LANRAGE_STUN_ALTERNATE_BIND: of another family',
    ],
    [{ ...least, LANRAGE_RELAY_BIND: 'localhost' }, 'LANRAGE_RELAY_BIND: not an IP address'],
  ])('%j is refused: %s', (environment, fault) => {
    expect(() => readConfig(own, environment)).toThrow(fault);
  });

  it('are logged without the secret', () => {
    expect(JSON.stringify(redacted(readConfig(own, least)))).not.toContain('a-secret');
  });
});
