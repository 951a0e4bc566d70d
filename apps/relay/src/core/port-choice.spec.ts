import fc from 'fast-check';
import { portsToTry } from './port-choice';

const range = { first: 51_900, last: 52_155 };
const all = (pairId: string, preferred: number | null) => [...portsToTry(pairId, range, preferred)];

describe('the ports to try for a pair', () => {
  it('are all of the range, each once, the preferred one first', () => {
    const preferred = fc.option(fc.integer({ min: range.first, max: range.last }));
    fc.assert(
      fc.property(fc.string(), preferred, (pairId, port) => {
        const ports = all(pairId, port);
        expect(ports).toHaveLength(256);
        expect(new Set(ports).size).toBe(256);
        expect(ports.every((one) => one >= range.first && one <= range.last)).toBe(true);
        if (port !== null) expect(ports[0]).toBe(port);
      }),
    );
  });

  it('begin where the id says, the same at every start', () => {
    expect(all('pair-1', null).slice(0, 2)).toEqual([51_948, 51_949]);
    expect(all('pair-2', null)[0]).not.toBe(51_948);
    expect(all('pair-1', 40_000)[0]).toBe(51_948);
  });

  it('wrap around at the end of the range', () => {
    expect([...portsToTry('pair-1', { first: 1, last: 3 }, 2)].sort()).toEqual([1, 2, 3]);
  });
});
