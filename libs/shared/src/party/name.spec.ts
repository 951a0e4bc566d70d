import { normalizeName } from './name';

describe('names', () => {
  it.each([
    ['Gaming Night', 'Gaming Night'],
    ['  Alice\t', 'Alice'],
    ['Zoe\u0308', 'Zo\u00eb'],
    ['<script>alert(1)</script>', '<script>alert(1)</script>'],
    ['👩‍👩‍👧 family', '👩‍👩‍👧 family'],
    ['x'.repeat(50), 'x'.repeat(50)],
    ['🎮'.repeat(50), '🎮'.repeat(50)],
  ])('%j is kept as %j', (input, name) => {
    expect(normalizeName(input)).toBe(name);
  });

  it.each([
    ['nothing', ''],
    ['only spaces', '   '],
    ['51 characters', 'x'.repeat(51)],
    ['a line break', 'a\nb'],
    ['a terminal escape', 'a\u001b[31mb'],
    ['a NUL', 'a\u0000b'],
    ['a C1 control', 'a\u009bb'],
    ['a direction override', 'a\u202eb'],
    ['a zero-width space', 'a\u200bb'],
    ['half a surrogate pair', 'a\ud800b'],
  ])('%s is refused', (_, input) => {
    expect(normalizeName(input)).toBeNull();
  });
});
