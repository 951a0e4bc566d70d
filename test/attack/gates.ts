/** Plays each attack once, and counts what got through. */
import { progress, type Bar } from '../bench/support/report';
import type { Section } from '../bench/support/sections';
import { labAvailable } from '../lab/available';
import { attacks } from './all';
import type { Attack, AttackOutcome } from './attack';

const QUICK_EFFORT = 0.1;

interface Played {
  readonly attack: Attack;
  readonly outcome: AttackOutcome;
}

export async function gates({ quick }: { quick: boolean }): Promise<Section> {
  const played: Played[] = [];
  const noLab = labAvailable();
  if (noLab) progress(`Attacks that need the lab are skipped: it ${noLab}`);
  for (const attack of attacks) {
    if (attack.needs === 'lab' && noLab) continue;
    progress(attack.name);
    played.push({ attack, outcome: await attack.play({ effort: quick ? QUICK_EFFORT : 1 }) });
  }
  return sectionOf(played, noLab === null);
}

function sectionOf(played: readonly Played[], hasLab: boolean): Section {
  return {
    tables: [
      {
        title: 'Attacks, and how often they got through',
        columns: ['attacker', 'attack', 'tried', 'through'],
        rows: played.map(({ attack: { attacker, name }, outcome: { tried, through, note } }) => [
          attacker,
          note ? `${name} (${note})` : name,
          tried,
          through,
        ]),
      },
    ],
    bars: [
      ...played.flatMap(barsOf),
      // A machine without the lab may skip attacks; one that has it may not.
      {
        name: 'attacks skipped',
        measured: attacks.length - played.length,
        unit: '',
        most: hasLab ? 0 : attacks.length,
      },
    ],
  };
}

/** An attack that was never tried proves nothing. */
function barsOf({ attack: { name }, outcome: { tried, through } }: Played): Bar[] {
  return [
    { name: `${name}: tried`, measured: tried, unit: 'times', least: 1 },
    { name: `${name}: got through`, measured: through, unit: `of ${tried}`, most: 0 },
  ];
}
