import fc from 'fast-check';
import { FairQueue, type Place } from './fair-queue';

const limits = { perLane: 4, total: 10 };
const place = (lane: string, group = 'joins'): Place => ({ group, lane });
const drain = <Item>(queue: FairQueue<Item>): Item[] => {
  const taken: Item[] = [];
  while (queue.size > 0) taken.push(queue.take() as Item);
  return taken;
};

describe('FairQueue', () => {
  it('gives each lane a turn, whichever has more in it', () => {
    const queue = new FairQueue<string>(limits);
    for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.add(place(item.charAt(0)), item);
    expect(drain(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
  });

  it('gives each group a turn, however many lanes the other one has', () => {
    const queue = new FairQueue<string>(limits);
    for (const item of ['a', 'b', 'c', 'd']) queue.add(place(item, 'creates'), item);
    queue.add(place('party'), 'join');
    expect(drain(queue)).toEqual(['a', 'join', 'b', 'c', 'd']);
  });

  it('has whoever was served go behind those who waited', () => {
    const queue = new FairQueue<string>(limits);
    for (const item of ['a1', 'a2', 'b1']) queue.add(place(item.charAt(0)), item);
    expect(queue.take()).toBe('a1');
    queue.add(place('c'), 'c1');
    expect(drain(queue)).toEqual(['b1', 'a2', 'c1']);
  });

  it('refuses what is too much for one lane, and lets others in', () => {
    const queue = new FairQueue<string>(limits);
    for (let count = 0; count < 4; count++) expect(queue.add(place('a'), `a${count}`)).toBeNull();
    expect(queue.add(place('a'), 'too much')).toBe('too much');
    expect(queue.add(place('b'), 'b')).toBeNull();
  });

  it('makes room for a short lane at the expense of the longest one', () => {
    const queue = new FairQueue<string>(limits);
    for (const item of ['a1', 'a2', 'b1', 'b2', 'b3', 'b4', 'c1', 'c2', 'd1', 'd2'])
      queue.add(place(item.charAt(0)), item);
    expect(queue.add(place('e'), 'e1')).toBe('b4');
    expect(queue.add(place('a'), 'a3')).toBe('a3');
    expect(queue.size).toBe(10);
  });

  it('loses nobody, holds its limits, and keeps nobody waiting for more than one turn of each other lane', () => {
    const step = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 7 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new FairQueue<{ lane: string; turnsWaited: number }>(limits);
        const waiting = new Set<{ lane: string; turnsWaited: number }>();
        for (const lane of steps) {
          if (lane === null) {
            const taken = queue.take();
            if (taken) waiting.delete(taken);
            // The first one of its lane has waited for the other lanes alone.
            for (const item of waiting) item.turnsWaited += 1;
            if (taken && ![...waiting].some((item) => item.lane === taken.lane))
              expect(taken.turnsWaited).toBeLessThan(8 * limits.perLane);
          } else {
            const item = { lane: String(lane), turnsWaited: 0 };
            waiting.add(item);
            const displaced = queue.add(place(item.lane), item);
            if (displaced) waiting.delete(displaced);
          }
          expect(queue.size).toBe(waiting.size);
          expect(queue.size).toBeLessThanOrEqual(limits.total);
        }
        expect(new Set(drain(queue))).toEqual(waiting);
      }),
    );
  });
});
