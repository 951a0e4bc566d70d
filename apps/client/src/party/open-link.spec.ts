import { encodeInviteLink } from '#shared/party/invite';
import type { PartyId } from '#shared/party/identity';
import { parseOpenLink } from './open-link';

const link = encodeInviteLink({
  server: 'https://lan.example/play',
  partyId: '0123456789ab' as PartyId,
  secret: Buffer.alloc(16, 1),
  partyKey: Buffer.alloc(16, 2),
  hostFingerprint: Buffer.alloc(16, 3),
  sealed: false,
});
const opened = (text: string) => `lanrage://join/${encodeURIComponent(text)}`;

describe('a link that a browser opens', () => {
  it.each([
    ['with the scheme', opened(link)],
    ['with the scheme in capitals', opened(link).replace('lanrage', 'LANRAGE')],
    ['as it is', link],
  ])('is read %s', (_name, text) => {
    expect(parseOpenLink(text)).toMatchObject({ text: link, link: { partyId: '0123456789ab' } });
  });

  it.each([
    ['a bare id', '0123456789ab'],
    ['a link that is not encoded', `lanrage://join/${link}`],
    ['a broken encoding', 'lanrage://join/%E0%A4%A'],
    ['something to do besides joining', opened(link).replace('join', 'leave')],
    ['something behind it', `${opened(link)}?leave=1`],
    ['a link in a link', opened(opened(link))],
    ['a link that was cut', opened(link.slice(0, -1))],
    ['another scheme in it', opened(link.replace('https', 'file'))],
    ['an option', '--home=/tmp'],
    ['nothing', 'lanrage://join/'],
    ['too much', opened(link.replace('play', 'x'.repeat(3000)))],
  ])('is refused: %s', (_name, text) => {
    expect(parseOpenLink(text)).toBeNull();
  });
});
