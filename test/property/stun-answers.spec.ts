/** What the STUN service answers to thousands of requests that are nearly right, see ../fuzz/stun.ts. */
import { Campaign } from '../fuzz/campaign';
import { Random } from '../fuzz/random';
import { stunSubject } from '../fuzz/stun';

const seed = Number(process.env['STUN_SEED'] ?? 20_261_124);

it(`the STUN service answers binding requests alone, and with little more than it got, seed ${seed}`, () => {
  const random = new Random(seed);
  const campaign = new Campaign(stunSubject, random, () => random.chance(10));
  while (campaign.runs < 3000) expect(campaign.step()).toBeUndefined();
});
