import { normalizeName } from './name';

describe('names', () => {
  it.each([
    ['Gaming Night', 'Gaming Night'],
    ['  Alice\t', 'Alice'],
    ['Zoe\u0308', 'Zo\u00eb'],
    ['<script>alert(1)</script>', '<script>alert(1)</script>'],
    ['👩‍👩‍👧 family', '👩‍👩‍👧 family'],
    ['❤️', '❤️'],
    ['🏳️‍🌈', '🏳️‍🌈'],
    ['1️⃣', '1️⃣'],
    ['👍🏽', '👍🏽'],
    ['🏴󠁧󠁢󠁳󠁣󠁴󠁿', '🏴󠁧󠁢󠁳󠁣󠁴󠁿'],
    ['می‌خواهم', 'می‌خواهم'], // Persian, with a zero-width non-joiner
    ['क्‍ष', 'क्‍ष'], // Devanagari, with a zero-width joiner
    ['שלום', 'שלום'],
    ['葛󠄀', '葛󠄀'], // an ideograph with a variation
    ['...', '...'],
    ['\u0378', '\u0378'], // not assigned yet
    ['a\u2800b', 'a\u2800b'],
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
    ['the other half', 'a\udc00'],
    ['a Hangul filler', '\u3164'],
    ['a Hangul filler in a name', 'a\u3164b'],
    ['a halfwidth Hangul filler', '\uffa0'],
    ['Hangul fillers of parts', '\u115f\u1160'],
    ['Khmer vowels that nobody sees', '\u17b4\u17b5'],
    ['an empty Braille pattern', '\u2800'],
    ['empty Braille patterns and spaces', '\u2800 \u2800'],
    ['spaces of all kinds', 'a\u2028b'],
    ['ideographic spaces', '\u3000\u2003'],
    ['a mark alone', '\u0301'],
    ['marks alone', '\u0301\u0302\u034f'],
    ['a grapheme joiner', 'a\u034fb'],
    ['a soft hyphen', 'a\u00adb'],
    ['a zero-width joiner alone', '\u200d'],
    ['a zero-width joiner after a space', 'a \u200db'],
    ['a joiner at the end', '\u0645\u200c'],
    ['joiners in a row', '\u0645\u200c\u200c\u062e'],
    ['a joiner in Latin', 'A\u200dlice'],
    ['a variation selector in Latin', 'A\ufe0flice'],
    ['a joiner at the beginning', '\u200da'],
    ['a variation selector alone', '\ufe0f'],
    ['a supplementary variation selector alone', '\u{e0100}'],
    ['a Mongolian vowel separator', 'a\u180eb'],
    ['a direction mark', 'a\u200eb'],
    ['an Arabic direction mark', 'a\u061cb'],
    ['a direction isolate', 'a\u2066b'],
    ['a word joiner', 'a\u2060b'],
    ['an invisible operator', 'a\u2062b'],
    ['a byte order mark', 'a\ufeffb'],
    ['tags', 'a\u{e0061}\u{e0062}'],
    ['the language tag', '\u{e0001}'],
    ['tags of an unfinished flag', '\u{1f3f4}\u{e0067}\u{e0062}'],
    ['musical controls', '\u{1d173}a'],
    ['shorthand controls', '\u{1bca0}a'],
    ['private use', '\ue000'],
    ['no character', 'a\uffff'],
    ['an interlinear annotation', 'a\ufff9b'],
  ])('%s is refused', (_, input) => {
    expect(normalizeName(input)).toBeNull();
  });
});
