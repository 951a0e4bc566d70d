import { columnsOf, fit, formatDuration } from './text';

describe('text that fits', () => {
  it.each([
    ['short enough', 12, 'short enough'],
    ['the direct path stopped working', 20, 'the direct path…'],
    ['x'.repeat(30), 10, `${'x'.repeat(9)}…`],
    ['李李李李', 5, '李李…'],
    ['🎲🎲🎲', 6, '🎲🎲🎲'],
  ])('%s in %i columns', (text, columns, fitting) => {
    expect(fit(text, columns)).toBe(fitting);
    expect(columnsOf(fitting)).toBeLessThanOrEqual(columns);
  });
});

it.each([
  [400, '0 s'],
  [119_000, '119 s'],
  [125_000, '2 min'],
  [7_100_000, '118 min'],
  [7_200_000, '2 h'],
])('%i ms are %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});
