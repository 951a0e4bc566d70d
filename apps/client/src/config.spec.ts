import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '#shared/settings';
import { loadConfig, rememberServer } from './config';

const home = '/nonexistent/lanrage';

describe('settings', () => {
  it('have defaults that fit a server on the same machine', () => {
    expect(loadConfig({ home }, {})).toMatchObject({
      server: 'http://127.0.0.1:8080',
      home,
      interface: 'lanrage0',
      stunServers: [],
      portMapping: true,
    });
  });

  it('come from the environment, where an empty variable is none', () => {
    const environment = {
      LANRAGE_HOME: home,
      LANRAGE_SERVER: 'https://lan.example.org',
      LANRAGE_INTERFACE: '',
      LANRAGE_NICKNAME: 'Ålice',
      LANRAGE_STUN_SERVERS: '192.0.2.1:3478,[2001:db8::1]:3478',
      LANRAGE_DIRECT: 'off',
      LANRAGE_PORT_MAPPING: 'off',
      LANRAGE_EXPOSE: '27015,7777-7779/udp',
      LANRAGE_DISCOVERY: '6112,27960-27963',
      LANRAGE_FORWARD: 'on',
      LANRAGE_LOG_LEVEL: 'debug',
    };
    expect(loadConfig({}, environment)).toEqual({
      home,
      expose: '27015,7777-7779/udp',
      discovery: [
        { from: 6112, to: 6112 },
        { from: 27960, to: 27963 },
      ],
      forward: true,
      server: 'https://lan.example.org',
      interface: 'lanrage0',
      nickname: 'Ålice',
      stunServers: ['192.0.2.1:3478', '[2001:db8::1]:3478'],
      direct: false,
      portMapping: false,
      logLevel: 'debug',
    });
  });

  it('given by the caller win over the environment', () => {
    const config = loadConfig(
      { home, server: 'http://192.0.2.1:8080' },
      { LANRAGE_SERVER: 'http://192.0.2.2' },
    );
    expect(config.server).toBe('http://192.0.2.1:8080');
  });

  it('that are wrong are all named in one message', () => {
    const environment = {
      LANRAGE_SERVER: 'ftp://192.0.2.1',
      LANRAGE_INTERFACE: 'a name with spaces',
      LANRAGE_STUN_SERVERS: 'stun.example.org',
      LANRAGE_DIRECT: 'maybe',
      LANRAGE_PORT_MAPPING: 'maybe',
      LANRAGE_DISCOVERY: 'games',
      LANRAGE_LOG_LEVEL: 'loud',
    };
    const load = () => loadConfig({ home }, environment);
    expect(load).toThrow(ConfigError);
    for (const variable of Object.keys(environment)) expect(load).toThrow(variable);
  });

  it.each(['x'.repeat(16), '0lan', 'lan/0', 'lan 0', '../lan'])('%j is no interface name', (name) => {
    expect(() => loadConfig({ home, interface: name }, {})).toThrow(ConfigError);
  });

  it.each([
    [{ SUDO_USER: 'alice' }, 'alice'],
    [{ SUDO_USER: 'root' }, 'Player'],
    [{}, 'Player'],
  ])('name nobody "root": %j', (environment, nickname) => {
    const geteuid = jest.spyOn(process as { geteuid: () => number }, 'geteuid').mockReturnValue(0);
    expect(loadConfig({ home }, environment).nickname).toBe(nickname);
    geteuid.mockRestore();
  });
});

describe('the server that is remembered', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lanrage-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is written beside what is there, once, and read by the next command', () => {
    const path = join(folder, 'config.json');
    writeFileSync(path, '{ "nickname": "Ålice", "server": "http://192.0.2.9" }');
    expect(rememberServer(folder, 'http://192.0.2.1:8080')).toBe(true);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      nickname: 'Ålice',
      server: 'http://192.0.2.1:8080',
    });
    expect(rememberServer(folder, 'http://192.0.2.1:8080')).toBe(false);
    writeFileSync(path, '{');
    expect(() => rememberServer(folder, 'http://192.0.2.1:8080')).toThrow(ConfigError);
  });
});
