import { type Flow, isBetweenOthers, keyOf } from './flow';
import { FlowTable, takeCount } from './flow-table';

const flow = (index: number, fromPort = 1000, toPort = 2000): Flow => ({
  from: { address: '192.0.2.2', port: fromPort },
  local: '192.0.2.1',
  port: 51_900,
  index,
  to: { address: '198.51.100.2', port: toPort },
});

describe('the flow table', () => {
  it('changes what is different and nothing else', () => {
    const table = new FlowTable<string>(Infinity);
    expect(table.replace('a', [flow(1), flow(2)])).toMatchObject({ removed: [], added: [flow(1), flow(2)] });
    expect(table.replace('a', [flow(2), flow(3)])).toMatchObject({ removed: [flow(1)], added: [flow(3)] });
    expect(table.replace('a', [flow(2), flow(3)])).toMatchObject({ removed: [], added: [] });
    expect(table.replace('a', [])).toMatchObject({ removed: [flow(2), flow(3)], added: [] });
    expect(table.size).toBe(0);
  });

  it('moves a flow by taking it out and putting it in', () => {
    const table = new FlowTable<string>(Infinity);
    table.replace('a', [flow(1)]);
    const moved = flow(1, 1000, 2001);
    expect(table.replace('a', [moved])).toMatchObject({ removed: [flow(1)], added: [moved] });
  });

  it('gives an index of a port to one owner', () => {
    const table = new FlowTable<string>(Infinity);
    table.replace('a', [flow(1)]);
    expect(table.replace('b', [flow(1, 1000, 2001)])).toEqual({ removed: [], added: [] });
    table.replace('a', []);
    expect(table.replace('b', [flow(1, 1000, 2001)]).added).toMatchObject([flow(1, 1000, 2001)]);
  });

  it('leaves players on the relay’s own link to user space', () => {
    const table = new FlowTable<string>(Infinity);
    const near = { address: 'fe80::2%eth0', port: 1000 };
    expect(
      table.replace('a', [
        { ...flow(1), from: near },
        { ...flow(2), to: near },
      ]).added,
    ).toEqual([]);
  });

  it('leaves to user space what is beyond its room', () => {
    const table = new FlowTable<string>(2);
    expect(table.replace('a', [flow(1), flow(2), flow(3)]).added).toMatchObject([flow(1), flow(2)]);
    expect(table.replace('b', [flow(4)]).added).toEqual([]);
    table.replace('a', [flow(1)]);
    expect(table.replace('b', [flow(4)]).added).toMatchObject([flow(4)]);
  });

  it('gives each count to the owner once', () => {
    const table = new FlowTable<string>(Infinity);
    table.replace('a', [flow(1)]);
    const count = (packets: number) => table.count(keyOf(flow(1)), { packets, bytes: packets * 100 });
    expect(count(3)).toBeUndefined(); // of a predecessor, by a listing that had begun
    table.listingBegins();
    expect(count(0)).toBeUndefined();
    expect(count(5)).toMatchObject({ owner: 'a', flow: flow(1), carried: { packets: 5, bytes: 500 } });
    expect(count(5)).toBeUndefined();
    expect(count(7)?.carried).toEqual({ packets: 2, bytes: 200 });
    table.replace('a', []);
    expect(count(9)).toBeUndefined();
  });

  it('gives the last count to the former owner, whoever has the index by then', () => {
    const table = new FlowTable<string>(Infinity);
    table.replace('a', [flow(1)]);
    table.listingBegins();
    table.count(keyOf(flow(1)), { packets: 5, bytes: 500 });
    const [removed] = table.replace('a', []).removed;
    table.replace('b', [flow(1)]);
    const last = removed && takeCount(removed, { packets: 7, bytes: 800 });
    expect(last).toMatchObject({ owner: 'a', carried: { packets: 2, bytes: 300 } });
    expect(removed && takeCount(removed, { packets: 0, bytes: 0 })).toBeUndefined();
  });
});

describe('a player on the relay’s own machine', () => {
  const own = new Set(['127.0.0.1', '203.0.113.1', '2001:db8::1']);
  it.each<[from: string, to: string, isBetweenOthers: boolean]>([
    ['192.0.2.2', '198.51.100.2', true],
    ['203.0.113.1', '198.51.100.2', false],
    ['192.0.2.2', '203.0.113.1', false],
    ['2001:db8::2', '2001:db8::1', false],
    ['2001:db8::2', '2001:db8::3', true],
    ['127.0.0.7', '198.51.100.2', false],
  ])('is told, from %s to %s', (from, to, expected) => {
    const between = { ...flow(1), from: { address: from, port: 1 }, to: { address: to, port: 2 } };
    expect(isBetweenOthers(between, own)).toBe(expected);
  });
});
