import { RELAY_LINK_VERSION, type RelayHandshake } from '#shared/api/relay-link';
import { LoneNode } from '../cluster/lone-node';
import { MAX_RELAYS, RelayRegistry } from './registry';
import { RelayLink } from './relay-link';

const handshake = (relayId: string): RelayHandshake => ({
  version: RELAY_LINK_VERSION,
  secret: 'secret',
  relayId,
  region: 'eu',
  publicAddress: '192.0.2.1',
  stunEndpoints: [],
  capacityPairs: 10,
});
const link = (socketId = 'a socket') =>
  new RelayLink(new LoneNode(), { nodeId: 'only', socketId, connectedAtMs: 0 });
const hour = 3_600_000;

describe('RelayRegistry', () => {
  it('keeps a bounded number of relays, and lets those it knows come back', () => {
    const registry = new RelayRegistry();
    registry.connect(handshake('relay-0'), link('first'));
    for (let number = 1; number < MAX_RELAYS; number++)
      registry.connect(handshake(`relay-${number}`), link());
    expect(registry.canTake('another')).toBe(false);
    expect(registry.canTake('relay-7')).toBe(true);
    registry.disconnect('relay-0', 'first', 0);
    registry.forgetGone(hour);
    expect(registry.canTake('another')).toBe(true);
  });

  it('forgets nobody who is here, was here lately, or still has pairs', () => {
    const registry = new RelayRegistry();
    registry.connect(handshake('here'), link());
    registry.connect(handshake('away'), link('gone')).pairs = 1;
    registry.disconnect('away', 'gone', 0);
    registry.forgetGone(hour);
    expect(registry.all().map(({ id }) => id)).toEqual(['here', 'away']);
    Object.assign(registry.get('away') ?? {}, { pairs: 0 });
    registry.forgetGone(hour - 1);
    expect(registry.get('away')).not.toBeNull();
    registry.forgetGone(hour);
    expect(registry.get('away')).toBeNull();
  });

  it('tells connections of one relay apart', () => {
    const registry = new RelayRegistry();
    registry.connect(handshake('relay'), link('old'));
    registry.connect(handshake('relay'), link('new'));
    expect(registry.linked('relay', 'old')).toBeNull();
    expect(registry.linked('relay', 'new')?.id).toBe('relay');
    expect(registry.disconnect('relay', 'old', 0)).toBe(false);
    expect(registry.disconnect('relay', 'new', 0)).toBe(true);
  });

  it('does not name relays that are about to stop', () => {
    const registry = new RelayRegistry();
    registry.connect(handshake('stays'), link()).ready = true;
    registry.connect({ ...handshake('stops'), draining: true }, link()).ready = true;
    registry.connect(handshake('new'), link());
    expect(registry.describe().map(({ id }) => id)).toEqual(['stays']);
  });

  it('has drained relays drain whenever they come, until they are named no more', () => {
    const registry = new RelayRegistry();
    const draining = () => registry.all().map((relay) => relay.draining);
    registry.connect(handshake('one'), link());
    registry.setDrained(new Set(['one', 'two']));
    registry.connect(handshake('two'), link());
    registry.connect(handshake('three'), link());
    registry.connect(handshake('one'), link());
    expect(draining()).toEqual([true, true, false]);
    registry.setDrained(new Set(['two']));
    expect(draining()).toEqual([false, true, false]);
    expect(['one', 'two'].map((id) => registry.isDrained(id))).toEqual([false, true]);
  });

  it('has no relay take pairs again that is about to stop', () => {
    const registry = new RelayRegistry();
    const relay = registry.connect({ ...handshake('stops'), draining: true }, link());
    registry.setDrained(new Set(['stops']));
    registry.setDrained(new Set());
    expect(relay.draining).toBe(true);
    expect(registry.connect(handshake('stops'), link()).draining).toBe(false);
  });
});
