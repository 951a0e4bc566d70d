import { OnceAWhile } from './once-a-while';

describe('OnceAWhile', () => {
  it('is due once for each key and interval', () => {
    const once = new OnceAWhile(100, 10);
    expect([once.isDue('a', 0), once.isDue('a', 99), once.isDue('b', 99)]).toEqual([true, false, true]);
    expect([once.isDue('a', 100), once.isDue('a', 101), once.isDue('b', 198)]).toEqual([true, false, false]);
  });

  it('is due for so many keys, until the oldest one may come again', () => {
    const once = new OnceAWhile(100, 2);
    expect(['a', 'b', 'c'].map((key, at) => once.isDue(key, at))).toEqual([true, true, false]);
    expect([once.isDue('c', 100), once.isDue('d', 100)]).toEqual([true, false]);
  });
});
