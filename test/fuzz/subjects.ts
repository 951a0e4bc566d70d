/** What is fuzzed: lists of steps on a port with pairs, and datagrams to the STUN service. */
import { type Subject, withoutParts } from './campaign';
import { changed, randomSteps } from './relay-steps';
import { type Step, World } from './relay-world';

export const relaySubject: Subject<readonly Step[]> = {
  name: 'relay',
  make: randomSteps,
  change: changed,
  run: (steps) => {
    const world = new World();
    for (const step of steps) world.run(step);
  },
  shorten: function* (steps) {
    yield* withoutParts(steps);
    // What is repeated is counted from behind, so leaving out what lies between takes one more change.
    for (const [at, step] of steps.entries()) {
      if (step.do !== 'replay') continue;
      for (let back = 0; back < step.back; back++) yield steps.with(at, { ...step, back });
    }
  },
};
