import type { SocketAddress } from '#shared/endpoint';
import { data, initiation, response, testKey } from '../../../../test/wireguard-messages';
import { defaultLimits } from './limits';
import { Pair } from './pair';
import { Port } from './port';
import { RelayPlaces } from './relay-places';
import { SourceLimits } from './source-limits';

const [alice, bob] = [testKey(1), testKey(2)];
const ports = { first: 51_900, last: 52_155 };
const at = (address: string, port: number): SocketAddress => ({ address, port });
const [aliceHome, bobHome] = [at('192.0.2.1', 51_820), at('203.0.113.9', 51_900)];

function world() {
  const relays = new RelayPlaces(['203.0.113.1']);
  relays.ownPorts.add(51_900);
  const sources = new SourceLimits(defaultLimits, relays);
  const pair = new Pair({ pairId: 'p', players: [alice, bob] }, defaultLimits, sources.misses, 0);
  const port = new Port([pair], sources);
  const send = (source: SocketAddress, datagram: Buffer) => port.receive(datagram, source, 0);
  return { relays, pair, port, send };
}

describe('relays as sources', () => {
  it.each([
    ['an open port of its own', at('203.0.113.1', 51_900), true],
    ['a player behind its address', at('203.0.113.1', 51_901), false],
    ['the first port of another one', at('203.0.113.9', 51_900), true],
    ['the last port of another one', at('203.0.113.9', 52_155), true],
    ['a player behind the address of another one', at('203.0.113.9', 52_156), false],
    ['the same port elsewhere', at('203.0.113.8', 51_900), false],
  ])('%s', (_name, source, isRelay) => {
    const { relays, send } = world();
    relays.replaceOthers([{ address: '203.0.113.9', ports }]);
    expect(send(source, initiation(bob, 1))).toBe(isRelay ? 'from_relay' : 'recipient_unknown');
  });

  it('lose the sessions that they had before they were known for what they are', () => {
    const { relays, pair, send } = world();
    send(bobHome, initiation(alice, 0xb0));
    expect(send(aliceHome, initiation(bob, 0xa1))).toEqual(bobHome);
    expect(send(bobHome, response(alice, 0xb1, 0xa1))).toEqual(aliceHome);
    send(aliceHome, data(0xb1, 0));
    send(bobHome, data(0xa1, 0));
    send(aliceHome, initiation(bob, 0xa2));
    relays.replaceOthers([{ address: bobHome.address, ports }]);
    pair.forgetAddresses((address) => relays.has(address));
    expect(send(aliceHome, data(0xb1, 1))).toBe('unknown_index');
    expect(send(aliceHome, initiation(bob, 0xa3))).toBe('recipient_unknown');
    expect(pair.memory).toMatchObject({ sessions: 0, sent: 0, initiators: 1 });
  });
});
