import { unknownSettings } from './setting-names';

it.each([
  ['LANRAGE_PUBLC_ADDRESS', 'LANRAGE_PUBLIC_ADDRESS'],
  ['LANRAGE_HTTP_PROT', 'LANRAGE_HTTP_PORT'],
  ['LANRAGE_RELAY_SECRETES', 'LANRAGE_RELAY_SECRETS'],
  ['LANRAGE_SEVER', 'LANRAGE_SERVER'],
])('of %s it is told that %s is meant', (name, meant) => {
  expect(unknownSettings({ [name]: 'x' })).toEqual([
    { name, message: `${name} is no setting of LANrage; ${meant} is. It has no effect.` },
  ]);
});

it.each(['LANRAGE_COLOUR_OF_THE_PAGE', 'LANRAGE_PORT'])(
  '%s, which is near to none, is told alone',
  (name) => {
    expect(unknownSettings({ [name]: 'x', PATH: '/bin', LANRAGE_DATA: '/srv' })).toEqual([
      { name, message: `${name} is no setting of LANrage. It has no effect.` },
    ]);
  },
);
