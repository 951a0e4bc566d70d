import { canConnectDirectly, natTypes, type NatType } from './nat-type';

// One row per type, columns in the order of `natTypes`: unknown, open, full, restricted, port-restricted, symmetric.
const table: Record<NatType, string> = {
  unknown: '.XX...',
  open: 'XXXXXX',
  full_cone: 'XXXXXX',
  restricted_cone: '.XXXX.',
  port_restricted_cone: '.XXXX.',
  symmetric: '.XX...',
};

describe('who can probably connect directly', () => {
  it.each(natTypes)('%s with each type', (a) => {
    expect(natTypes.map((b) => (canConnectDirectly(a, b) ? 'X' : '.')).join('')).toBe(table[a]);
  });

  it('has no answer for a type that there is not', () => {
    expect(() => canConnectDirectly('open', 'FULL_CONE' as NatType)).toThrow(/no such NAT type: FULL_CONE/);
    expect(() => canConnectDirectly(undefined as unknown as NatType, 'open')).toThrow(RangeError);
  });

  it('does not depend on who asks', () => {
    for (const a of natTypes)
      for (const b of natTypes) expect(canConnectDirectly(a, b)).toBe(canConnectDirectly(b, a));
  });
});
