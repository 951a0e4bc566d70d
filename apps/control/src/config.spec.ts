import { resolve } from 'node:path';
import { readConfig, redacted } from './config';
import { StartError } from './util/start-error';

describe('readConfig', () => {
  it('has a default for everything', () => {
    expect(readConfig({})).toMatchObject({
      httpPort: 8080,
      databaseUrl: null,
      dataDirectory: resolve('data'),
      presenceTimeoutSeconds: 60,
      limits: { joins: 20 },
    });
  });

  it('takes an empty setting for none', () => {
    expect(readConfig({ LANRAGE_HTTP_PORT: '', DATABASE_URL: '' })).toEqual(readConfig({}));
  });

  it('names every fault in one message', () => {
    const wrong = {
      LANRAGE_HTTP_PORT: '80800',
      LANRAGE_PUBLIC_URL: 'lanrage',
      LANRAGE_TOKEN_SECRET: 'short',
    };
    expect(() => readConfig(wrong)).toThrow(StartError);
    expect(() => readConfig(wrong)).toThrow(
      /LANRAGE_HTTP_PORT[^]*LANRAGE_PUBLIC_URL[^]*LANRAGE_TOKEN_SECRET/,
    );
  });

  it.each(['a'.repeat(31), 'with spaces '.repeat(4), 'é'.repeat(40)])(
    'refuses %j as an admin token, and says how to make one',
    (token) => {
      expect(() => readConfig({ LANRAGE_ADMIN_TOKEN: token })).toThrow(
        /LANRAGE_ADMIN_TOKEN: 32 to 256 characters.*openssl/,
      );
    },
  );

  it('takes several relay secrets, for rotation', () => {
    const config = readConfig({ LANRAGE_RELAY_SECRET: 'the old secret of 2025, the new secret of 2026' });
    expect(config.relaySecrets).toEqual(['the old secret of 2025', 'the new secret of 2026']);
  });

  it('offers no more places by default than it allows', () => {
    expect(readConfig({ LANRAGE_PARTY_MAX_PEERS: '8' })).toMatchObject({ defaultPeers: 8, maxPeers: 8 });
  });
});

describe('redacted', () => {
  it('hides secrets, and says which are set', () => {
    const secrets = {
      DATABASE_URL: 'postgres://user:hunter2hunter2@db/lanrage',
      LANRAGE_TOKEN_SECRET: 'hunter2hunter2hunter2',
      LANRAGE_RELAY_SECRET: 'hunter2hunter2hunter2',
      LANRAGE_ADMIN_TOKEN: 'hunter2'.repeat(5),
    };
    expect(JSON.stringify(redacted(readConfig(secrets)))).not.toContain('hunter2');
    expect(redacted(readConfig(secrets))).toMatchObject({ tokenSecret: '[redacted]', metricsToken: null });
  });
});
