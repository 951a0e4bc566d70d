import { answered, asked, judge, noPulse, type Pulse } from './liveness';

/** `.`: asked, `!`: answered. */
const history = (events: string): Pulse =>
  [...events].reduce((pulse, event) => (event === '!' ? answered() : asked(pulse)), noPulse);

describe('a relay', () => {
  it.each<[string, boolean, ReturnType<typeof judge>]>([
    ['', true, 'alive'],
    ['', false, 'unknown'],
    ['..........', true, 'alive'],
    ['..........', false, 'unknown'],
    ['.!.', true, 'alive'],
    ['.!..', true, 'suspect'],
    ['.!.....', true, 'suspect'],
    ['.!.....!.', true, 'alive'],
    ['.!...', false, 'alive'],
    ['.!....', false, 'dead'],
    ['.!....!', false, 'alive'],
  ])('that was asked and answered %j, linked: %s, is %s', (events, isLinked, verdict) => {
    expect(judge(history(events), isLinked)).toBe(verdict);
  });
});
