import { AddressTurns } from './address-turns';

/** Requests with a name each, and the names of those that had their turn. */
function requests(turns: AddressTurns) {
  const started: string[] = [];
  return {
    started,
    enter: (address: string, name: string) => turns.enter(address, () => started.push(name)),
  };
}

describe('AddressTurns', () => {
  it('starts so many of an address, and the next one when one has ended', () => {
    const { started, enter } = requests(new AddressTurns(2));
    const [endFirst, endSecond] = [enter('a', '1'), enter('a', '2')];
    enter('a', '3');
    enter('a', '4');
    expect(started).toEqual(['1', '2']);
    endSecond();
    expect(started).toEqual(['1', '2', '3']);
    endFirst();
    expect(started).toEqual(['1', '2', '3', '4']);
  });

  it('lets no address wait for another one', () => {
    const { started, enter } = requests(new AddressTurns(1));
    enter('a', '1');
    enter('a', '2');
    enter('b', '3');
    expect(started).toEqual(['1', '3']);
  });

  it('forgets who left the line, whose turn nobody else loses', () => {
    const { started, enter } = requests(new AddressTurns(1));
    const endFirst = enter('a', '1');
    const leave = enter('a', '2');
    enter('a', '3');
    leave();
    endFirst();
    expect(started).toEqual(['1', '3']);
  });

  it('starts one that comes while another one starts after it', () => {
    const turns = new AddressTurns(2);
    const started: string[] = [];
    turns.enter('a', () => {
      started.push('1');
      turns.enter('a', () => started.push('2'));
    });
    expect(started).toEqual(['1', '2']);
  });
});
