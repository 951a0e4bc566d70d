import { ownName, type Naming, type Reached } from './own-names';

const plain: Naming = { publicUrl: null, publicAddress: null, hostName: 'Den.example.org' };
const atHome: Reached = { host: '', address: '192.168.1.5', port: 8080, clientAddress: '192.168.1.9' };
const onItself: Reached = { ...atHome, address: '127.0.0.1', clientAddress: '127.0.0.1' };
const inTheWorld: Reached = { ...atHome, address: '198.51.100.5', clientAddress: '203.0.113.9' };
const forwardedToHome: Reached = { ...atHome, clientAddress: '203.0.113.9' };
const byUnknownProxy: Reached = { ...onItself, clientAddress: null };
const overIpv6: Reached = { ...atHome, address: '2001:db8:1:2::5', clientAddress: '2001:db8:1:2::9' };
const overIpv6FromAfar: Reached = { ...overIpv6, clientAddress: '2001:db8:7::9' };

describe('the name of a server without LANRAGE_PUBLIC_URL', () => {
  it.each<[string, Reached]>([
    ['192.168.1.5:8080', atHome],
    ['den:8080', atHome],
    ['DEN.local:8080', atHome],
    ['den.example.org:8080', atHome],
    ['localhost:8080', onItself],
    ['127.0.0.1:8080', onItself],
    ['den:8080', { ...onItself, address: '127.0.1.1' }],
    ['[::1]:8080', { ...onItself, address: '::1', clientAddress: '::1' }],
    ['198.51.100.5:8080', inTheWorld],
    ['den.example.org:8080', inTheWorld],
    ['198.51.100.5', { ...inTheWorld, port: 80 }],
    ['[2001:db8:1:2::5]:8080', overIpv6],
    ['[2001:db8:1:2:0:0:0:5]:8080', overIpv6FromAfar],
    ['den.local:8080', overIpv6],
    ['[fe80::5]:8080', { ...atHome, address: 'fe80::5', clientAddress: 'fe80::9' }],
  ])('is %s where it means this server: %j', (host, reached) => {
    expect(ownName({ ...reached, host }, plain)).toBe(new URL(`http://${host}`).host);
  });

  it.each<[string, Reached]>([
    // Another server's name
    ['hostile.example:8080', atHome],
    ['198.51.100.6:8080', inTheWorld],
    ['192.168.1.6:8080', atHome],
    ['127.0.0.2:8080', onItself],
    // Another port, and so another program
    ['192.168.1.5:8081', atHome],
    ['192.168.1.5', atHome],
    ['localhost', onItself],
    // What each network or machine has one of, dialled elsewhere
    ['192.168.1.5:8080', forwardedToHome],
    ['den:8080', inTheWorld],
    ['den.local:8080', inTheWorld],
    ['den.local:8080', overIpv6FromAfar],
    ['localhost:8080', atHome],
    ['localhost:8080', inTheWorld],
    ['localhost:8080', byUnknownProxy],
    ['den:8080', byUnknownProxy],
    ['127.0.0.1:8080', byUnknownProxy],
    // No name at all
    ['', atHome],
    ['user@192.168.1.5:8080', atHome],
    ['192.168.1.5:8080/', atHome],
    ['192.168.1.5:8080#', atHome],
    ['192.168.1.5:99999', atHome],
    ['\u{1d41d}en:8080', atHome],
    ['[::1', onItself],
  ])('is not %s where it may mean another one: %j', (host, reached) => {
    expect(ownName({ ...reached, host }, plain)).toBeNull();
  });

  it.each([
    ['203.0.113.1', '203.0.113.1:8080'],
    ['2001:DB8::1', '[2001:db8::1]:8080'],
    ['Play.example', 'play.example:8080'],
  ])('is also LANRAGE_PUBLIC_ADDRESS, %s, with the port that it listens on', (publicAddress, host) => {
    const naming = { ...plain, publicAddress };
    expect(ownName({ ...forwardedToHome, host }, naming)).toBe(host);
    expect(ownName({ ...forwardedToHome, host: host.replace('8080', '9090') }, naming)).toBeNull();
  });

  it('is no private LANRAGE_PUBLIC_ADDRESS for somebody in another network', () => {
    const naming = { ...plain, publicAddress: '192.168.1.5' };
    expect(ownName({ ...inTheWorld, host: '192.168.1.5:8080' }, naming)).toBeNull();
  });
});

describe('the name of a server with LANRAGE_PUBLIC_URL', () => {
  const naming = { ...plain, publicUrl: new URL('https://Play.example/lan') };

  it.each(['play.example', 'localhost:8080', 'hostile.example', ''])(
    'is that alone, with the Host header %p, which a proxy may have changed',
    (host) => {
      expect(ownName({ ...byUnknownProxy, host }, naming)).toBe('play.example');
    },
  );
});
