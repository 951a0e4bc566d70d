import { isOwnDialledName } from './dialled-name';

const naming = { publicUrl: null, publicAddress: '203.0.113.5', hostName: 'host7.lan.example' };
const withUrl = { ...naming, publicUrl: new URL('https://play.example') };

const withPort = { ...naming, publicUrl: new URL('http://203.0.113.5:9000') };

/** A relay dialled this name from there, and came to port 8080 of 172.18.0.2. */
const reached = (host: string, clientAddress: string | null) => ({
  host,
  clientAddress,
  address: '172.18.0.2',
  port: 8080,
});

describe('isOwnDialledName', () => {
  it.each<[boolean, string, string, string | null, typeof naming | typeof withUrl]>([
    [true, 'the public URL', 'play.example', '198.51.100.7', withUrl],
    [true, 'the public URL behind a proxy that nobody told of', 'play.example', null, withUrl],
    [true, 'the public address besides a public URL', '203.0.113.5:8080', '198.51.100.7', withUrl],
    [true, 'the public address', '203.0.113.5:8080', '198.51.100.7', naming],
    [true, 'the address that it came to, within the network', '172.18.0.2:8080', '172.18.0.9', naming],
    [true, 'the host name, within the network', 'host7:8080', '172.18.0.9', naming],
    [
      true,
      'loopback, through a proxy of this machine in a container',
      '127.0.0.1:8080',
      '172.18.0.1',
      withUrl,
    ],
    [true, 'loopback, on the port of the public URL', '127.0.0.1:9000', '127.0.0.1', withPort],
    [true, 'loopback, by name', 'localhost:8080', '127.0.0.1', naming],
    [false, 'loopback, on a port of somebody else', 'localhost:9000', '127.0.0.1', naming],
    [false, 'loopback, from the Internet', '127.0.0.1:8080', '198.51.100.7', naming],
    [false, 'loopback, from nobody knows where', '127.0.0.1:8080', null, naming],
    [false, 'another server', 'evil.example:8080', '172.18.0.9', naming],
    [false, 'another server besides a public URL', 'evil.example', '198.51.100.7', withUrl],
    [false, 'the public address on another port', '203.0.113.5:9999', '198.51.100.7', naming],
    [false, 'a private address, from the Internet', '172.18.0.2:8080', '198.51.100.7', naming],
    [false, 'no name', 'a b', '127.0.0.1', naming],
    [false, 'nothing', '', '127.0.0.1', naming],
  ])('%s for %s', (expected, _what, host, clientAddress, ours) => {
    expect(isOwnDialledName(reached(host, clientAddress), ours)).toBe(expected);
  });
});
