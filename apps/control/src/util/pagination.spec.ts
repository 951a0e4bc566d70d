import { afterCursor, CURSOR_PATTERN, literal, toPage } from './pagination';

const rows = [30, 20, 10].map((atMs) => ({ atMs, id: `0123456789${atMs}` }));

describe('toPage', () => {
  it('goes on after its last row, where there is one more', () => {
    const { items, nextCursor } = toPage(rows, 2);
    expect(items).toEqual(rows.slice(0, 2));
    expect(nextCursor).toMatch(CURSOR_PATTERN);
    expect(afterCursor(nextCursor ?? '')).toEqual({ beforeMs: '20', beforeId: '012345678920' });
  });

  it.each([3, 4])('is the last one when all rows fit into %i', (perPage) => {
    expect(toPage(rows, perPage)).toEqual({ items: rows, nextCursor: null });
  });
});

describe('afterCursor', () => {
  it('is nothing for the first page', () => {
    expect(afterCursor(undefined)).toEqual({ beforeMs: null, beforeId: null });
  });
});

describe('literal', () => {
  it('means itself in a pattern', () => {
    expect(literal('100%_\\')).toBe('100\\%\\_\\\\');
  });
});
