import { relayView, unknownRelay } from './relay-view';

const relay = {
  id: 'fra-1',
  region: 'eu',
  ready: true,
  stopping: false,
  dead: false,
  awaySinceMs: null,
  pairs: 3,
  capacityPairs: 100,
  packetsPerSecond: 1200,
  bytesPerSecond: 90_000,
  eventLoopDelayMs: 2,
  drained: false,
  draining: false,
  answering: true,
  publicAddress: '192.0.2.1',
  fault: null,
  unproven: [],
};

describe('relayView', () => {
  it('shows load and nothing of the link', () => {
    expect(relayView(relay)).toEqual({
      ...{
        id: 'fra-1',
        region: 'eu',
        state: 'ready',
        unproven: [],
        publicAddress: '192.0.2.1',
        fault: null,
        draining: null,
        pairs: 3,
        capacityPairs: 100,
      },
      ...{ packetsPerSecond: 1200, bytesPerSecond: 90_000, eventLoopDelayMs: 2 },
    });
  });

  it.each([
    ['ready', {}],
    ['connecting', { ready: false }],
    ['unproven', { ready: false, awaySinceMs: 5, unproven: ['192.0.2.1'] }],
    ['away', { ready: false, awaySinceMs: 5 }],
    ['dead', { ready: false, awaySinceMs: 5, dead: true }],
    ['dead', { dead: true }],
  ])('says %s of one with %j', (state, facts) => {
    expect(relayView({ ...relay, ...facts }).state).toBe(state);
  });

  it.each([
    [false, false, null],
    [true, false, 'operator'],
    [false, true, 'itself'],
    [true, true, 'itself'],
  ])('drained: %j, stopping: %j, by the word of %j', (drained, stopping, draining) => {
    expect(relayView({ ...relay, stopping, drained }).draining).toBe(draining);
  });

  it('knows of one that never came only that it is to be drained', () => {
    expect(unknownRelay('fra-2')).toMatchObject({ id: 'fra-2', region: null, state: 'unknown', pairs: 0 });
  });
});
