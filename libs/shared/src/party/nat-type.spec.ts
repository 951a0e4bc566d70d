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

  it('does not depend on who asks', () => {
    for (const a of natTypes)
      for (const b of natTypes) expect(canConnectDirectly(a, b)).toBe(canConnectDirectly(b, a));
  });
});
