import type { PartyId } from '#shared/party/identity';
import { Revisions } from './revisions';

const [one, other] = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb'] as [PartyId, PartyId];

describe('Revisions', () => {
  let revisions: Revisions;
  beforeEach(() => {
    revisions = new Revisions();
  });

  it('tell what is new, or as new as what is known', () => {
    expect([3, 3, 2, 4].map((revision) => revisions.note(one, revision))).toEqual([true, true, false, true]);
    expect(revisions.note(other, 1)).toBe(true);
  });

  it('take nothing for new of a party that is over, for a minute', () => {
    revisions.note(one, 3);
    revisions.end(one, 0);
    expect(revisions.note(one, 9)).toBe(false);
    revisions.end(other, 59_999);
    expect(revisions.note(one, 9)).toBe(false);
  });

  it('forget parties that ended long ago', () => {
    revisions.end(one, 0);
    revisions.end(other, 60_000);
    expect(revisions.note(one, 1)).toBe(true);
    expect(revisions.note(other, 1)).toBe(false);
  });
});
