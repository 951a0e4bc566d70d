import fc from 'fast-check';
import { portsOfTurn, portsToTry } from './port-choice';

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

describe('the ports of a turn', () => {
  const turnsFrom = (start: number, ports: { first: number; last: number }) =>
    Array.from({ length: 50 }, (_, turn) => [...portsOfTurn(ports, start + turn, 50)]);

  it.each([0, 7, 49, 1234])('are each port once in a round that begins with turn %i', (start) => {
    const ports = turnsFrom(start, range).flat();
    expect(ports).toHaveLength(256);
    expect(new Set(ports).size).toBe(256);
    expect(ports.every((port) => port >= range.first && port <= range.last)).toBe(true);
  });

  it('come every round, and no turn has more than one above its share', () => {
    expect([...portsOfTurn(range, 57, 50)]).toEqual([...portsOfTurn(range, 7, 50)]);
    expect(new Set(turnsFrom(0, range).map(({ length }) => length))).toEqual(new Set([5, 6]));
  });

  it('are none in most turns of a range with few', () => {
    const ports = turnsFrom(0, { first: 65_534, last: 65_535 });
    expect(ports.filter(({ length }) => length > 0)).toEqual([[65_534], [65_535]]);
  });
});
