/** That a campaign finds what is there to be found, and shows no more of it than is needed. */
import { Campaign, type Subject, withoutParts } from '../fuzz/campaign';
import { Random } from '../fuzz/random';

/** Fails when a list has a 3 somewhere before a 7; each number is new "code". */
function faulty(reached: Set<number>): Subject<readonly number[]> {
  return {
    name: 'faulty',
    make: (random) => [random.below(10)],
    change: (one, other, random) => [...one, ...other, random.below(10)].slice(-20),
    run: (numbers) => {
      numbers.forEach((number) => reached.add(number));
      if (numbers.indexOf(3) >= 0 && numbers.lastIndexOf(7) > numbers.indexOf(3)) throw new Error('found');
    },
    shorten: withoutParts,
  };
}

describe('a campaign', () => {
  it('shows the shortest input, and the same one for the same seed', () => {
    const search = () => {
      const reached = new Set<number>();
      let known = 0;
      const isNew = () => known < (known = reached.size);
      const campaign = new Campaign(faulty(reached), new Random(5), isNew);
      for (;;) {
        const failure = campaign.step();
        if (failure) return { input: failure.input, runs: campaign.runs };
      }
    };
    const found = search();
    expect(found.input).toEqual([3, 7]);
    expect(search()).toEqual(found);
  });

  it('leaves out ever smaller parts of a list', () => {
    expect([...withoutParts([1, 2, 3])]).toEqual([[3], [1, 2], [2, 3], [1, 3], [1, 2]]);
    expect([...withoutParts([1])]).toEqual([]);
  });
});
