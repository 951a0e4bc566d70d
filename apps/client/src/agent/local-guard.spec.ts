import { LanrageError } from '#shared/errors';
import { admitCall, admitVisit, type Door, type Headers } from './local-guard';

const token = 'x'.repeat(43);
const host = '127.0.0.1:4711';
const page = { kind: 'page', host, token } as const;
const socket = { kind: 'socket' } as const;
const good = { host, authorization: `Bearer ${token}` };
const own = { ...good, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
const visit = { host, 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

function outcome(admit: () => void): string {
  try {
    admit();
    return 'admitted';
  } catch (error) {
    return (error as LanrageError).code;
  }
}

describe('who may ask the agent', () => {
  it.each<[string, Door, Headers, string]>([
    ['the page itself', page, own, 'admitted'],
    ['a program with the token', page, good, 'admitted'],
    ['nobody without a token', page, { host }, 'WRONG_LOCAL_TOKEN'],
    [
      'nobody with another one',
      page,
      { ...good, authorization: `Bearer ${'y'.repeat(43)}` },
      'WRONG_LOCAL_TOKEN',
    ],
    [
      'nobody with a part of it',
      page,
      { ...good, authorization: `Bearer ${'x'.repeat(42)}` },
      'WRONG_LOCAL_TOKEN',
    ],
    ['nobody by another scheme', page, { ...good, authorization: `Basic ${token}` }, 'WRONG_LOCAL_TOKEN'],
    ['no other page', page, { ...own, origin: 'https://evil.example' }, 'FOREIGN_REQUEST'],
    ['no page of another port', page, { ...own, origin: 'http://127.0.0.1:8080' }, 'FOREIGN_REQUEST'],
    ['no page without an origin', page, { ...own, origin: 'null' }, 'FOREIGN_REQUEST'],
    ['no page that hides its origin', page, { ...good, 'sec-fetch-site': 'cross-site' }, 'FOREIGN_REQUEST'],
    ['no page of a neighbour', page, { ...good, 'sec-fetch-site': 'same-site' }, 'FOREIGN_REQUEST'],
    ['no other name for it', page, { ...own, host: 'evil.example:4711' }, 'FOREIGN_REQUEST'],
    ['not even a harmless name', page, { ...good, host: 'localhost:4711' }, 'FOREIGN_REQUEST'],
    ['no request without a name', page, { authorization: good.authorization }, 'FOREIGN_REQUEST'],
    ['anybody who may open the socket', socket, { host: 'localhost' }, 'admitted'],
    ['no page by a proxy to the socket', socket, { origin: 'https://evil.example' }, 'FOREIGN_REQUEST'],
    ['no image of a page by it', socket, { 'sec-fetch-site': 'cross-site' }, 'FOREIGN_REQUEST'],
  ])('%s', (_name, door, headers, expected) => {
    expect(outcome(() => admitCall(door, headers))).toBe(expected);
  });

  it.each<[string, Headers, string]>([
    ['who types its address', visit, 'admitted'],
    ['who follows a link', { ...visit, 'sec-fetch-site': 'cross-site' }, 'admitted'],
    ['its own files', { host, 'sec-fetch-site': 'same-origin' }, 'admitted'],
    [
      'no page that frames it',
      { ...visit, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' },
      'FOREIGN_REQUEST',
    ],
    [
      'no page that loads its files',
      { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      'FOREIGN_REQUEST',
    ],
    ['no other name for it', { ...visit, host: 'evil.example:4711' }, 'FOREIGN_REQUEST'],
  ])('sees the page: %s', (_name, headers, expected) => {
    expect(outcome(() => admitVisit(page, headers))).toBe(expected);
  });
});
