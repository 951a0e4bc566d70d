import { isLimited, refusalOfOneMore } from './origins.rules';

const limits = { most: 10, mostPublic: 3 };
const hidden = { isNew: true, isPublic: false };
const open = { isNew: true, isPublic: true };
const listed = { isNew: false, isPublic: true };

describe('one more party of an address', () => {
  it.each([
    ['is welcome', { parties: 9, publicParties: 2 }, open, null],
    ['is one too many', { parties: 10, publicParties: 2 }, hidden, 'TOO_MANY_PARTIES_FROM_ADDRESS'],
    ['is one public one too many', { parties: 9, publicParties: 3 }, open, 'TOO_MANY_PUBLIC_PARTIES'],
    ['may be a hidden one', { parties: 9, publicParties: 3 }, hidden, null],
    ['may become public', { parties: 10, publicParties: 2 }, listed, null],
    ['may not become public', { parties: 10, publicParties: 3 }, listed, 'TOO_MANY_PUBLIC_PARTIES'],
  ] as const)('%s', (_what, kept, oneMore, code) => {
    expect(refusalOfOneMore(kept, oneMore, limits)).toBe(code);
  });

  it('is always welcome without limits', () => {
    const many = { parties: 1e6, publicParties: 1e6 };
    expect(refusalOfOneMore(many, open, { most: 0, mostPublic: 0 })).toBeNull();
  });

  it.each([
    ['a hidden one, where public ones are', hidden, { most: 0, mostPublic: 3 }, false],
    ['a public one, where public ones are', open, { most: 0, mostPublic: 3 }, true],
    ['a new one, where all are', hidden, { most: 10, mostPublic: 0 }, true],
    ['one that becomes public, where new ones are', listed, { most: 10, mostPublic: 0 }, false],
    ['anything, where nothing is', open, { most: 0, mostPublic: 0 }, false],
  ] as const)('is limited, or not: %s', (_what, oneMore, bounds, expected) => {
    expect(isLimited(oneMore, bounds)).toBe(expected);
  });
});
