import { type Asked, CURRENT_MS, faultOf, reachOf } from './reach';

const report = (atMs: number, roundTripsMs: Record<string, number | null>): Asked => ({
  atMs,
  roundTripsMs: new Map(Object.entries(roundTripsMs)),
});

describe('how many reach a relay', () => {
  it('is counted by what agents found of late, since the relay is there', () => {
    const nowMs = CURRENT_MS + 1000;
    const relays = new Map([
      ['here', { sinceMs: 0 }],
      ['new', { sinceMs: nowMs - 10 }],
      ['unasked', { sinceMs: 0 }],
    ]);
    const reports = [
      report(1000, { here: 5 }),
      report(1001, { here: null, new: null }),
      report(nowMs, { here: 0, new: 7, gone: null }),
    ];
    expect(Object.fromEntries(reachOf(relays, reports, nowMs))).toEqual({
      here: { askedBy: 2, reachedBy: 1 },
      new: { askedBy: 1, reachedBy: 1 },
      unasked: { askedBy: 0, reachedBy: 0 },
    });
  });

  it.each<[publicAddress: string, askedBy: number, reachedBy: number, fault: string | null]>([
    ['203.0.113.1', 0, 0, null],
    ['203.0.113.1', 1, 0, null],
    ['203.0.113.1', 2, 0, 'unreached'],
    ['203.0.113.1', 9, 1, null],
    ['10.0.0.1', 0, 0, 'private_address'],
    ['10.0.0.1', 1, 0, 'private_address'],
    ['10.0.0.1', 2, 0, 'unreached'],
    ['10.0.0.1', 2, 1, null],
    ['169.254.3.4', 0, 0, 'private_address'],
    ['2001:db8::1', 0, 0, null],
    ['fd00::1', 0, 0, 'private_address'],
  ])(
    'at %s, with %i who asked and %i who got an answer, means %s',
    (publicAddress, askedBy, reachedBy, fault) => {
      const reach = { askedBy, reachedBy };
      expect(faultOf({ publicAddress, unproven: new Set(), reach })).toBe(fault);
      expect(faultOf({ publicAddress, unproven: new Set([publicAddress]), reach })).toBe('unproven');
    },
  );
});
