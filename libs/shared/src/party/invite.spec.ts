import fc from 'fast-check';
import type { PartyId } from './identity';
import {
  encodeInviteLink,
  hashInviteSecret,
  inviteIdOf,
  keyFingerprint,
  parseInviteLink,
  type InviteLink,
} from './invite';

const sequence = (first: number) => Buffer.from(Array.from({ length: 16 }, (_, index) => first + index));
const invite: InviteLink = {
  server: 'http://192.0.2.1:8080/',
  partyId: '0123456789ab' as PartyId,
  secret: sequence(0x10),
  partyKey: sequence(0x20),
  hostFingerprint: sequence(0x30),
  sealed: false,
};
const payload = 'AQABI0VniasQERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj-vEC5J';

describe('an invite link', () => {
  it.each([
    ['a server by address', invite, payload],
    [
      'a sealed party on a server below a path',
      { ...invite, server: 'https://lan.example.org/games/', sealed: true },
      'AQEBI0VniasQERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj853wA2',
    ],
  ])('has a vector: %s', (_name, value, expected) => {
    const link = encodeInviteLink(value);
    expect(link).toBe(`${value.server}#join=${expected}`);
    expect(parseInviteLink(link)).toEqual(value);
  });

  it.each([
    ['http://192.0.2.1:8080', 'http://192.0.2.1:8080/'],
    ['HTTPS://LAN.example.org:443/games', 'https://lan.example.org/games/'],
    ['http://alice:secret@192.0.2.1/?a=b', 'http://192.0.2.1/'],
    ['http://[2001:db8::1]:8080//', 'http://[2001:db8::1]:8080/'],
  ])('writes the server %s as %s', (server, written) => {
    expect(parseInviteLink(encodeInviteLink({ ...invite, server }))?.server).toBe(written);
  });

  const link = `http://192.0.2.1:8080/#join=${payload}`;
  const forged = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(payload, 'base64url');
    change(bytes);
    return `http://192.0.2.1:8080/#join=${bytes.toString('base64url')}`;
  };

  it('may be surrounded by space', () => {
    expect(parseInviteLink(` ${link}\n`)).toEqual(invite);
  });

  it.each([
    ['nothing', ''],
    ['a party id', invite.partyId],
    ['a link that was cut', link.slice(0, -1)],
    ['a link with something at its end', `${link}A`],
    ['a link with two characters swapped', link.replace('ERIT', 'EIRT')],
    ['padding', `${link.slice(0, -1)}=`],
    ['another scheme', link.replace('http', 'ftp')],
    ['credentials', link.replace('//', '//alice:secret@')],
    ['a query', link.replace('/#', '/?a=b#')],
    ['a query instead of the fragment', link.replace('#', '?')],
    ['a port that is none', link.replace('8080', '80800')],
    ['another version', forged((bytes) => bytes.writeUInt8(2, 0))],
    ['an unknown flag', forged((bytes) => bytes.writeUInt8(2, 1))],
    ['a link as long as a book', `http://${'a'.repeat(3000)}/#join=${payload}`],
  ])('is not %s', (_name, text) => {
    expect(parseInviteLink(text)).toBeNull();
  });

  it.each(['ftp://192.0.2.1', 'nowhere'])('is not made for the server %s', (server) => {
    expect(() => encodeInviteLink({ ...invite, server })).toThrow();
  });

  const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((array) => Buffer.from(array));

  it('says whatever was put into it', () => {
    const anyInvite = fc.record({
      server: fc.webUrl({ validSchemes: ['http', 'https'] }).filter((url) => !/[?#@]/.test(url)),
      partyId: fc
        .uint8Array({ minLength: 6, maxLength: 6 })
        .map((array) => Buffer.from(array).toString('hex') as PartyId),
      secret: bytes,
      partyKey: bytes,
      hostFingerprint: bytes,
      sealed: fc.boolean(),
    });
    fc.assert(
      fc.property(anyInvite, (value) => {
        const parsed = parseInviteLink(encodeInviteLink(value));
        expect(parsed).toEqual({ ...value, server: parsed?.server });
        expect(encodeInviteLink(parsed as InviteLink)).toBe(encodeInviteLink(value));
      }),
    );
  });

  it('is refused, and nothing worse, when it is garbage', () => {
    const garbage = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ minLength: 80, maxLength: 80 }).map((text) => `https://lan.example.org/#join=${text}`),
      fc
        .uint8Array({ minLength: 60, maxLength: 60 })
        .map((array) => `https://x/#join=${Buffer.from(array).toString('base64url')}`),
      fc
        .tuple(fc.nat(link.length - 1), fc.string({ minLength: 1, maxLength: 1 }))
        .map(([at, character]) =>
          character === link[at] ? '' : link.slice(0, at) + character + link.slice(at + 1),
        ),
    );
    fc.assert(
      fc.property(garbage, (text) => {
        const parsed = parseInviteLink(text);
        // A changed character of the server makes a link to another server.
        if (parsed) expect({ ...parsed, server: '' }).toEqual({ ...invite, server: '' });
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what is derived for an invite', () => {
  it('has vectors', () => {
    const hash = hashInviteSecret(invite.secret);
    expect([hash.toString('hex'), inviteIdOf(hash)]).toEqual([
      '2a1b7db8e64296ebbfdc8f713c0001fccfa54b27d8f52a2e1d90c2b1ea530712',
      '2a1b7db8',
    ]);
    expect(keyFingerprint(Buffer.alloc(32).toString('base64')).toString('hex')).toBe(
      '66687aadf862bd776c8fc18b8e9f8e20',
    );
  });
});
