/**
 * The relay's core against players who follow WireGuard's rules and everybody who may send besides, see
 * ../fuzz/relay-world.ts. `npm run fuzz:relay` does the same for longer and looks where it has not been.
 */
import fc from 'fast-check';
import type { Side } from '../../apps/relay/src/core/session';
import { Campaign } from '../fuzz/campaign';
import { Random } from '../fuzz/random';
import { type Step, World } from '../fuzz/relay-world';
import { relaySubject } from '../fuzz/subjects';

const seed = Number(process.env['RELAY_SEED'] ?? 20_261_124);
const runs = 200;

describe('a port of the relay', () => {
  it(`keeps its promises whatever is sent, seed ${seed}`, () => {
    const random = new Random(seed);
    let promisesKept = 0;
    const subject = {
      ...relaySubject,
      run: (steps: readonly Step[]) => {
        const world = new World();
        for (const step of steps) world.run(step);
        promisesKept += world.promisesKept;
      },
    };
    const campaign = new Campaign(subject, random, () => random.chance(20));
    while (campaign.runs < runs) expect(campaign.step()).toBeUndefined();
    // Otherwise the promise to live sessions would have been checked on nothing.
    expect(promisesKept).toBeGreaterThan(runs);
  });

  it('brings two players together within two minutes of retries, forgers or not', () => {
    const forgery = fc.oneof(
      fc.record({
        do: fc.constant('forgeInitiation' as const),
        pair: fc.constant(0),
        from: fc.constantFrom<Side>(0, 1),
        by: fc.nat(47),
      }),
      fc.constant<Step>({ do: 'forgeResponse' }),
      fc.record({
        do: fc.constant('forgeData' as const),
        by: fc.nat(47),
        pick: fc.nat(50),
        counter: fc.nat(1000),
      }),
    );
    const rounds = fc.array(fc.array(forgery, { maxLength: 20 }), { minLength: 24, maxLength: 24 });
    fc.assert(
      fc.property(rounds, (all) => {
        const world = new World();
        const met = all.some((forgeries) => {
          for (const step of forgeries) world.run(step);
          world.run({ do: 'pass', ms: 5000 });
          return world.handshake(0, 0) || world.handshake(0, 1);
        });
        expect(met).toBe(true);
      }),
      { numRuns: 25 },
    );
  });
});
