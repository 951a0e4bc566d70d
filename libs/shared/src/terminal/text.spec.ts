import { columnsOf, fit, formatDuration, renderTable, wrap } from './text';

describe('text that fits', () => {
  it.each([
    ['short enough', 12, 'short enough'],
    ['the direct path stopped working', 20, 'the direct path…'],
    ['x'.repeat(30), 10, `${'x'.repeat(9)}…`],
    ['李李李李', 5, '李李…'],
    ['🎲🎲🎲', 6, '🎲🎲🎲'],
    // One character of several code points, one that Unicode has since 2021, one with an accent of its own.
    ['👨‍👩‍👧‍👦👨‍👩‍👧‍👦', 3, '👨‍👩‍👧‍👦…'],
    ['🫠🫠🫠', 5, '🫠🫠…'],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
  ])('%s in %i columns', (text, columns, fitting) => {
    expect(fit(text, columns)).toBe(fitting);
    expect(columnsOf(fitting)).toBeLessThanOrEqual(columns);
  });
});

it('wraps by columns, not by characters', () => {
  expect(wrap('李李李 李李李 李李李', 14)).toEqual(['李李李 李李李', '李李李']);
});

it.each(['Bob', '李小龙', '👨‍👩‍👧‍👦 family', 'Zoe\u0308', 'x'.repeat(30)])(
  'a table keeps its columns behind %s',
  (name) => {
    const [head = '', row = ''] = renderTable(['PLAYER', 'PING'], [16, 10], [[name, '1234567 ms']]).split(
      '\n',
    );
    expect(head.indexOf('PING')).toBe(16);
    expect(columnsOf(row.slice(0, row.indexOf('1234567 ms')))).toBe(16);
  },
);

it.each([
  [400, '0 s'],
  [119_000, '119 s'],
  [125_000, '2 min'],
  [7_100_000, '118 min'],
  [7_200_000, '2 h'],
])('%i ms are %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});
