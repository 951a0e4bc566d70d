import { Lingering } from './lingering';

describe('Lingering', () => {
  const lingering = () => {
    const all = new Lingering();
    all.add('one', 'fra', 10);
    all.add('one', 'nyc', 20);
    all.add('two', 'fra', 30);
    return all;
  };
  const named = (taken: ReturnType<Lingering['takeDue']>) =>
    taken.map(({ pairId, relayId }) => `${pairId} ${relayId}`);

  it('gives what is due, once', () => {
    const all = lingering();
    expect(named(all.takeDue(9))).toEqual([]);
    expect(named(all.takeDue(20))).toEqual(['one fra', 'one nyc']);
    expect(named(all.takeDue(20))).toEqual([]);
    expect(all.has('two', 'fra')).toBe(true);
  });

  it('lets a pair come back', () => {
    const all = lingering();
    all.cancel('one', 'fra');
    expect(all.has('one', 'fra')).toBe(false);
    expect(named(all.takeDue(100))).toEqual(['one nyc', 'two fra']);
  });

  it('gives all of a pair that has ended', () => {
    const all = lingering();
    expect(named(all.takeOf(new Set(['one'])))).toEqual(['one fra', 'one nyc']);
    expect(named(all.takeDue(100))).toEqual(['two fra']);
  });
});
