import fc from 'fast-check';
import type { Flow } from '../flow';
import { FlowTable } from '../flow-table';
import { Departures } from './departures';
import { departureOf } from './ruleset';

const flow = (index: number, fromPort: number, toPort: number, port = 51_900): Flow => ({
  from: { address: '192.0.2.2', port: fromPort },
  local: '192.0.2.1',
  port,
  index,
  to: { address: '198.51.100.2', port: toPort },
});

describe('departures', () => {
  it('are each of one flow, the first', () => {
    const departures = new Departures();
    const [first, second] = [flow(1, 1000, 2000), flow(1, 1000, 2000, 51_901)];
    expect(departures.add(first)).toBe(true);
    expect(departures.add(second)).toBe(false);
    expect(departures.delete(second)).toBe(false);
    expect(departures.delete(first)).toBe(true);
    expect(departures.add(second)).toBe(true);
  });

  it('and the flow table never ask the kernel for what it must refuse', () => {
    const flows = fc.array(
      fc
        .record({ index: fc.nat(2), from: fc.nat(2), to: fc.nat(2), port: fc.constantFrom(51_900, 51_901) })
        .map(({ index, from, to, port }) => flow(index, from, to, port)),
      { maxLength: 5 },
    );
    const steps = fc.array(fc.tuple(fc.nat(2), flows), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (all) => {
        const table = new FlowTable<number>(Infinity);
        const departures = new Departures();
        const kernel = { arrivals: new Set<string>(), departures: new Set<string>() };
        for (const [owner, wanted] of all) {
          const { removed, added } = table.replace(owner, wanted);
          for (const one of removed.filter((gone) => departures.delete(gone))) {
            expect(kernel.arrivals.delete(arrivalOf(one))).toBe(true);
            expect(kernel.departures.delete(departureOf(one))).toBe(true);
          }
          for (const one of added.filter((come) => departures.add(come))) {
            expect(kernel.arrivals.has(arrivalOf(one)) || kernel.departures.has(departureOf(one))).toBe(
              false,
            );
            kernel.arrivals.add(arrivalOf(one));
            kernel.departures.add(departureOf(one));
          }
        }
        expect(kernel.arrivals.size).toBeLessThanOrEqual(table.size);
      }),
    );
  });
});

function arrivalOf({ from, port, index }: Flow): string {
  return [from.address, from.port, port, index].join();
}
