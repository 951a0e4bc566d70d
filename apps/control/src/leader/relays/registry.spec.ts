import { LoneNode } from '../../cluster/lone-node';
import { MAX_RELAYS, RelayRegistry } from './registry';
import { RelayLink } from './relay-link';
import type { AdmittedRelay } from '../../leader-client/contract';

const admitted = (
  relayId: string,
  more: { draining?: boolean; unproven?: string[] } = {},
): AdmittedRelay => ({
  announced: {
    ...{ relayId, region: 'eu', publicAddress: '192.0.2.1', ports: { first: 51_900, last: 52_155 } },
    ...{ stunEndpoints: [], capacityPairs: 10, draining: more.draining ?? false },
  },
  unproven: more.unproven ?? [],
  clientAddress: null,
});
const link = (socketId = 'a socket') => new RelayLink(new LoneNode(), { nodeId: 'only', socketId });
const hour = 3_600_000;

describe('RelayRegistry', () => {
  it('keeps a bounded number of relays, and lets those it knows come back', () => {
    const registry = new RelayRegistry();
    registry.connect(admitted('relay-0'), link('first'), 0);
    for (let number = 1; number < MAX_RELAYS; number++)
      registry.connect(admitted(`relay-${number}`), link(), 0);
    expect(registry.canTake('another')).toBe(false);
    expect(registry.canTake('relay-7')).toBe(true);
    registry.disconnect('relay-0', 'first', 0);
    registry.forgetGone(hour);
    expect(registry.canTake('another')).toBe(true);
  });

  it('forgets nobody who is here, was here lately, or still has pairs', () => {
    const registry = new RelayRegistry();
    registry.connect(admitted('here'), link(), 0);
    registry.connect(admitted('away'), link('gone'), 0).pairs = 1;
    registry.disconnect('away', 'gone', 0);
    registry.forgetGone(hour);
    expect(registry.all().map(({ id }) => id)).toEqual(['here', 'away']);
    Object.assign(registry.get('away') ?? {}, { pairs: 0 });
    registry.forgetGone(hour - 1);
    expect(registry.get('away')).not.toBeNull();
    registry.forgetGone(hour);
    expect(registry.get('away')).toBeNull();
  });

  it('takes one whose address is not proven for away, but does not forget it while it is here', () => {
    const registry = new RelayRegistry();
    const relay = registry.connect(admitted('relay', { unproven: ['192.0.2.1'] }), link(), 7);
    expect(relay.awaySinceMs).toBe(7);
    registry.forgetGone(7 + hour);
    expect(registry.get('relay')).toBe(relay);
    expect(registry.connect(admitted('relay'), link('again'), 8).awaySinceMs).toBeNull();
  });

  it('tells connections of one relay apart', () => {
    const registry = new RelayRegistry();
    registry.connect(admitted('relay'), link('old'), 0);
    registry.connect(admitted('relay'), link('new'), 0);
    expect(registry.linked('relay', 'old')).toBeNull();
    expect(registry.linked('relay', 'new')?.id).toBe('relay');
    expect(registry.disconnect('relay', 'old', 0)).toBe(false);
    expect(registry.disconnect('relay', 'new', 0)).toBe(true);
  });

  it('does not name relays that are about to stop', () => {
    const registry = new RelayRegistry();
    registry.connect(admitted('stays'), link(), 0).ready = true;
    registry.connect(admitted('stops', { draining: true }), link(), 0).ready = true;
    registry.connect(admitted('new'), link(), 0);
    expect(registry.describe().map(({ id }) => id)).toEqual(['stays']);
  });

  it('has drained relays drain whenever they come, until they are named no more', () => {
    const registry = new RelayRegistry();
    const draining = () => registry.all().map((relay) => relay.draining);
    registry.connect(admitted('one'), link(), 0);
    registry.setDrained(new Set(['one', 'two']));
    registry.connect(admitted('two'), link(), 0);
    registry.connect(admitted('three'), link(), 0);
    registry.connect(admitted('one'), link(), 0);
    expect(draining()).toEqual([true, true, false]);
    registry.setDrained(new Set(['two']));
    expect(draining()).toEqual([false, true, false]);
    expect(['one', 'two'].map((id) => registry.isDrained(id))).toEqual([false, true]);
  });

  it('has no relay take pairs again that is about to stop', () => {
    const registry = new RelayRegistry();
    const relay = registry.connect(admitted('stops', { draining: true }), link(), 0);
    registry.setDrained(new Set(['stops']));
    registry.setDrained(new Set());
    expect(relay.draining).toBe(true);
    expect(registry.connect(admitted('stops'), link(), 0).draining).toBe(false);
  });
});
