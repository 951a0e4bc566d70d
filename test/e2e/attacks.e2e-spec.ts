/** Each attack of `npm run attack`, with less effort. */
import { attacks } from '../attack/all';
import type { Attack } from '../attack/attack';
import { describeLab } from '../lab/available';

const EFFORT = 0.1;
const LONGEST_MS = 120_000;

function playAll(chosen: readonly Attack[]): void {
  for (const attack of chosen) {
    it(
      `lets nothing through: ${attack.name}`,
      async () => {
        const { tried, through, note } = await attack.play({ effort: EFFORT });
        expect(tried).toBeGreaterThan(0);
        expect({ through, note }).toEqual({ through: 0, note });
      },
      LONGEST_MS,
    );
  }
}

describe('attacks', () => {
  playAll(attacks.filter(({ needs }) => needs === undefined));

  it('have names of their own', () => {
    expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
  });
});

describeLab('attacks in the lab', () => {
  playAll(attacks.filter(({ needs }) => needs === 'lab'));
});
