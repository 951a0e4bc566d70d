import { afterTick, noSilence, UNWATCHED } from './silence';

const ticksAfter = (beats: number[]) => beats.reduce(afterTick, noSilence).ticks;

describe('silence', () => {
  it('lasts while the count of beats stays', () => {
    expect(ticksAfter([1])).toBe(0);
    expect(ticksAfter([1, 1, 1, 1])).toBe(3);
  });

  it('ends with any other count', () => {
    expect(ticksAfter([1, 1, 1, 2])).toBe(0);
    expect(ticksAfter([7, 7, 1])).toBe(0);
  });

  it('is one tick long after a pause of the whole process, in which the watcher did not tick', () => {
    expect(ticksAfter([1, 2, 3, 3])).toBe(1);
  });

  it('does not begin while the thread is not watched', () => {
    expect(ticksAfter([UNWATCHED, UNWATCHED, UNWATCHED])).toBe(0);
    expect(ticksAfter([5, 5, UNWATCHED, UNWATCHED])).toBe(0);
  });
});
