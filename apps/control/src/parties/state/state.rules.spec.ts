import { STATE_LIMITS } from '#shared/api/state';
import { costOfTelling, refusalOfWrite, type StateView } from './state.rules';

const empty: StateView = { isMember: true, keyVersion: 0, otherBytes: 0, members: 2 };
const written: StateView = { ...empty, keyVersion: 7 };
const most = STATE_LIMITS.partyBytes;
const write = (value: string | undefined, version?: number) => ({ key: 'map', value, version });

describe('refusalOfWrite', () => {
  it.each([
    ['a first value, whatever is there', empty, write('x'), null],
    ['a first value, if there is none', empty, write('x', 0), null],
    ['a first value, if there is one', written, write('x', 0), 'STATE_CONFLICT'],
    ['another value of the version that was read', written, write('x', 7), null],
    ['another value of an older version', written, write('x', 6), 'STATE_CONFLICT'],
    ['another value of a key that was removed', empty, write('x', 7), 'STATE_CONFLICT'],
    ['a removal of the version that was read', written, write(undefined, 7), null],
    ['a removal of an older version', written, write(undefined, 6), 'STATE_CONFLICT'],
    ['as much as fits, with the key', empty, write('x'.repeat(most - 3)), null],
    ['one byte more', empty, write('x'.repeat(most - 2)), 'STATE_FULL'],
    ['bytes, not characters', empty, write('ä'.repeat(most / 2)), 'STATE_FULL'],
    ['what others leave room for', { ...empty, otherBytes: most - 4 }, write('x'), null],
    ['what others leave no room for', { ...empty, otherBytes: most - 3 }, write('x'), 'STATE_FULL'],
    ['a removal when it is full', { ...written, otherBytes: most }, write(undefined), null],
    ['anything by a stranger', { ...empty, isMember: false }, write('x'), 'PARTY_NOT_FOUND'],
  ])('%s', (_what, view, request, code) => {
    expect(refusalOfWrite(view, request)).toBe(code);
  });
});

describe('costOfTelling', () => {
  it.each([
    [2, 0, 2],
    [2, 1, 4],
    [32, 1000, 64],
    [256, 64 * 1024, 17_152],
  ])('%d members, %d bytes: %d', (members, bytes, cost) => {
    expect(costOfTelling({ members }, bytes)).toBe(cost);
  });
});
