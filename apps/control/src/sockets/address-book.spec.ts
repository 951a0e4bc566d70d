import { AddressBook } from './address-book';

describe('AddressBook', () => {
  it('takes so many connections of one address, and as many of another', () => {
    const book = new AddressBook(2);
    const enter = (address: string) => book.enter(address, 0);
    expect(['a', 'a', 'a', 'b'].map(enter)).toEqual([true, true, false, true]);
    book.leave('a', 0);
    expect(['a', 'a'].map(enter)).toEqual([true, false]);
    expect(book.connectionsOf('a')).toBe(2);
  });

  it('lets all connections of an address share what they send', () => {
    const book = new AddressBook(100);
    const sent = () => Array.from({ length: 1000 }, () => book.spendPacket('a', 0)).filter(Boolean).length;
    expect(sent()).toBe(800);
    expect(book.spendPacket('b', 0)).toBe(true);
    expect(book.spendBytes('a', 1_638_400, 0)).toBe(true);
    expect(book.spendBytes('a', 1, 0)).toBe(false);
    expect(book.spendBytes('a', 400_000, 1000)).toBe(true);
  });

  it('leaves an address with few connections enough for each of them', () => {
    const book = new AddressBook(1);
    expect(Array.from({ length: 100 }, () => book.spendPacket('a', 0)).every(Boolean)).toBe(true);
  });

  it('limits nothing when told so', () => {
    const book = new AddressBook(0);
    const all = Array.from({ length: 1000 }, () => book.enter('a', 0) && book.spendPacket('a', 0));
    expect(all.every(Boolean)).toBe(true);
    expect(book.spendBytes('a', 1e9, 0)).toBe(true);
  });

  it('forgets who has gone, after a while: nobody gets a new budget by connecting again', () => {
    const book = new AddressBook(1);
    book.enter('a', 0);
    book.enter('b', 0);
    book.leave('a', 0);
    book.forgetIdle(29_999);
    expect(book.size).toBe(2);
    book.forgetIdle(30_000);
    expect(book.size).toBe(1);
    expect(book.connectionsOf('b')).toBe(1);
  });
});
