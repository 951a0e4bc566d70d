/** Lists of steps at random, and small changes of such lists. */
import type { Side } from '../../apps/relay/src/core/session';
import type { Random } from './random';
import { pairCount, type Step } from './relay-world';

const longest = 200;
const forgers = 48;
/** Around what the relay's core counts by: answers, retries, idle sessions, dead keys. */
const waitsMs = [0, 1, 100, 499, 500, 1001, 5000, 6001, 10_000, 20_001, 60_000, 120_000, 190_001] as const;
const counters = [0, 1, 2, 100, 2 ** 32, 2 ** 53] as const;

export function randomSteps(random: Random): Step[] {
  return Array.from({ length: 1 + random.below(60) }, () => randomStep(random));
}

/** One to four changes; `other` lends steps. */
export function changed(steps: readonly Step[], other: readonly Step[], random: Random): Step[] {
  let result = [...steps];
  for (let changes = 1 + random.below(4); changes > 0; changes--) result = changedOnce(result, other, random);
  return result.slice(0, longest);
}

function changedOnce(steps: readonly Step[], other: readonly Step[], random: Random): Step[] {
  const at = random.below(steps.length + 1);
  const until = Math.min(steps.length, at + 1 + random.below(8));
  const [before, chosen, after] = [steps.slice(0, at), steps.slice(at, until), steps.slice(until)];
  switch (random.below(6)) {
    case 0:
      return [...before, ...after];
    case 1:
      return [...before, ...chosen, ...chosen, ...after];
    case 2:
      return [...before, ...other.slice(random.below(other.length + 1)), ...chosen, ...after];
    case 3:
      return [...before, ...Array.from({ length: 1 + random.below(20) }, () => randomStep(random)), ...after];
    case 4:
      return [...before, ...repeated(randomStep(random), 2 + random.below(40)), ...chosen, ...after];
    default:
      return [...before, randomStep(random), ...chosen.slice(1), ...after];
  }
}

function repeated(step: Step, times: number): Step[] {
  return Array.from({ length: times }, () => step);
}

function randomStep(random: Random): Step {
  const pair = random.below(pairCount);
  const from = random.below(2) as Side;
  const by = random.below(forgers);
  const pick = random.below(20);
  const spoofed = random.chance(10);
  const kinds: readonly [Step, ...Step[]] = [
    { do: 'handshake', pair, from },
    { do: 'handshake', pair, from },
    { do: 'data', pair, from, late: spoofed },
    { do: 'data', pair, from },
    { do: 'move', pair, from },
    { do: 'pass', ms: random.pick(waitsMs) },
    { do: 'pass', ms: random.below(3000) },
    { do: 'forgeInitiation', pair, from, by, spoofed },
    { do: 'forgeResponse' },
    { do: 'forgeData', by, pick, counter: random.pick(counters) },
    { do: 'forgeCookie', by, pick },
    { do: 'replay', back: random.below(64), by, spoofed: random.chance(50) },
    randomMutant(random, pair, by),
    ...(random.chance(5) ? [{ do: 'reopen', pair } as const] : []),
  ];
  return random.pick(kinds);
}

function randomMutant(random: Random, pair: number, by: number): Step {
  const changes = Array.from({ length: 2 * random.below(4) }, () => random.below(256));
  const cut = random.chance(30) ? { bytes: random.below(200) } : {};
  return { do: 'mutant', form: random.below(256), pair, changes, by, ...cut };
}
