import { OneTimeBook } from './one-time-book';

describe('OneTimeBook', () => {
  it('gives a value out once', () => {
    const book = new OneTimeBook(10);
    book.put('a', 'value', 61_000, 1000);
    expect(book.take('a', 2000)).toBe('value');
    expect(book.take('a', 2000)).toBeNull();
  });

  it.each([
    ['in its last millisecond', 60_999, 'value'],
    ['at the end of its life', 61_000, null],
  ])('%s', (_when, nowMs, found) => {
    const book = new OneTimeBook(10);
    book.put('a', 'value', 61_000, 1000);
    expect(book.take('a', nowMs)).toBe(found);
  });

  it('does not know what it never had', () => {
    expect(new OneTimeBook(10).take('a', 0)).toBeNull();
  });

  it('drops the oldest when it is full, and no live one as long as expired ones can go', () => {
    const book = new OneTimeBook(2);
    const put = (key: string, nowMs: number) => book.put(key, key, nowMs + 60_000, nowMs);
    const taken = (keys: string[], nowMs: number) => keys.map((key) => book.take(key, nowMs) !== null);
    for (const key of ['a', 'b', 'c']) put(key, 0);
    expect(taken(['a', 'b', 'c'], 1)).toEqual([false, true, true]);

    put('d', 0);
    put('e', 50_000);
    put('f', 60_000);
    expect(taken(['d', 'e', 'f'], 60_000)).toEqual([false, true, true]);
  });
});
