import { PresenceSchedule } from './presence-schedule';

/** Plays members that change at these times; @returns when each is told, `member@ms` */
function told(
  changes: readonly (readonly [member: string, atMs: number])[],
  others: number,
  untilMs: number,
) {
  const schedule = new PresenceSchedule<string>(0);
  const out: string[] = [];
  for (let nowMs = 0; nowMs <= untilMs; nowMs++) {
    for (const [member, atMs] of changes) if (atMs === nowMs) schedule.note(member);
    out.push(...schedule.take(others, nowMs).map((member) => `${member}@${nowMs}`));
  }
  return out;
}

describe('PresenceSchedule', () => {
  it.each<[string, (readonly [string, number])[], string[]]>([
    ['one change at once', [['a', 5]], ['a@5']],
    [
      'changes that are far apart at once',
      [
        ['a', 0],
        ['a', 250],
      ],
      ['a@0', 'a@250'],
    ],
    [
      'what follows at once together, at the end',
      [
        ['a', 0],
        ['a', 10],
        ['a', 200],
      ],
      ['a@0', 'a@250'],
    ],
    [
      'each member for itself',
      [
        ['a', 0],
        ['b', 10],
        ['a', 20],
      ],
      ['a@0', 'b@10', 'a@250'],
    ],
  ])('tells %s', (_what, changes, expected) => {
    expect(told(changes, 3, 1000)).toEqual(expected);
  });

  it.each([8, 32, 60, 100, 256])('bounds what %d members cost that change ten times a second', (size) => {
    const members = Array.from({ length: size }, (_, index) => `m${index}`);
    const changes = Array.from({ length: 30 }, (_, turn) =>
      members.map((member) => [member, 100 * turn] as const),
    ).flat();
    const tellings = told(changes, size - 1, 20_000);
    const deliveries = (untilMs: number) =>
      (size - 1) * tellings.filter((telling) => Number(telling.split('@')[1]) <= untilMs).length;
    expect(deliveries(3000)).toBeLessThanOrEqual(2_500 + 3 * 5_000);
    // Everybody's last change is told: after it, once.
    const late = new Set(
      tellings.filter((telling) => Number(telling.split('@')[1]) >= 2900).map((text) => text.split('@')[0]),
    );
    expect(late.size).toBe(size);
  });

  it('lets somebody who changes once in between wait for one round of the others', () => {
    const schedule = new PresenceSchedule<string>(0);
    const hostile = Array.from({ length: 99 }, (_, index) => `h${index}`);
    let heardAtMs = 0;
    for (let nowMs = 0; nowMs <= 10_000 && !heardAtMs; nowMs += 10) {
      for (const member of hostile) schedule.note(member);
      if (nowMs === 5000) schedule.note('honest');
      if (schedule.take(99, nowMs).includes('honest')) heardAtMs = nowMs;
    }
    expect(heardAtMs - 5000).toBeLessThanOrEqual(2100);
  });

  it('says how long nothing will be due, and when it is of no use any more', () => {
    const schedule = new PresenceSchedule<string>(0);
    expect(schedule.isIdle(0)).toBe(true);
    schedule.note('a');
    expect(schedule.take(3, 0)).toEqual(['a']);
    expect(schedule.isIdle(0)).toBe(false);
    schedule.note('a');
    expect(schedule.waitMs(3, 100)).toBe(150);
    expect(schedule.take(3, 100)).toEqual([]);
    expect(schedule.take(3, 250)).toEqual(['a']);
    schedule.take(3, 500);
    expect(schedule.isIdle(500)).toBe(true);
  });
});
