import type { PeerId } from '#shared/party/identity';
import { decideChange, decideClose, hostInCharge, type TermsChange } from './hosting.rules';
import type { Attendance, PartyRecord } from '../../model/party';
import {
  guest,
  host,
  owner,
  party,
  persistent,
  refuse,
  stranger,
} from '../../../../../test/fixtures/hosted-party';
import { settingsFixture as settings } from '../../../../../test/fixtures/party';

const withPassword: PartyRecord = { ...party, settings: { ...settings, hasPassword: true } };

describe('decideChange', () => {
  it.each<[string, TermsChange, object]>([
    ['the name', { name: 'Other' }, { name: 'Other' }],
    ['the size, below what it holds as well', { maxPeers: 2 }, { maxPeers: 2 }],
    ['the lock', { locked: true }, { settings: { ...settings, locked: true } }],
    ['whether it is listed', { public: true }, { settings: { ...settings, public: true } }],
    ['the password', { passwordHash: 'hash' }, { settings: { ...settings, hasPassword: true } }],
    [
      'the link',
      { discordUrl: 'https://discord.gg/x' },
      { settings: { ...settings, discordUrl: 'https://discord.gg/x' } },
    ],
    ['the host', { hostId: guest }, { hostId: guest }],
  ])('lets the host change %s', (_what, change, changed) => {
    const { name, hostId, ownerId, maxPeers } = party;
    expect(decideChange(party, host, change)).toEqual({
      verdict: 'change',
      terms: { name, hostId, ownerId, maxPeers, settings, ...changed },
    });
    expect(decideChange(party, guest, change)).toEqual(refuse('NOT_HOST'));
    expect(decideChange(party, owner, change)).toEqual(refuse('NOT_HOST'));
    expect(decideChange(party, stranger, change)).toEqual(refuse('PARTY_NOT_FOUND'));
  });

  it.each<[string, TermsChange, object]>([
    ['persistence', { persistent: true }, { settings: { ...settings, persistent: true } }],
    ['the owner', { ownerId: guest }, { ownerId: guest }],
  ])('lets the owner alone change %s', (_what, change, changed) => {
    expect(decideChange(party, owner, change)).toMatchObject({ verdict: 'change', terms: changed });
    for (const other of [host, guest])
      expect(decideChange(party, other, change)).toEqual(refuse('NOT_OWNER'));
    expect(decideChange(party, stranger, change)).toEqual(refuse('PARTY_NOT_FOUND'));
  });

  it.each<[string, PartyRecord, PeerId, TermsChange, object]>([
    ['nothing', party, host, {}, { verdict: 'none' }],
    ['to what is so already', party, host, { name: 'LAN', locked: false, hostId: host }, { verdict: 'none' }],
    ['a password that was not there to none', party, host, { passwordHash: null }, { verdict: 'none' }],
    [
      'a password to another',
      withPassword,
      host,
      { passwordHash: 'new' },
      { verdict: 'change', terms: { settings: { hasPassword: true } } },
    ],
    [
      'a password to none',
      withPassword,
      host,
      { passwordHash: null },
      { verdict: 'change', terms: { settings: { hasPassword: false } } },
    ],
    ['the host to a stranger', party, host, { hostId: stranger }, refuse('NO_SUCH_PEER')],
    ['the owner to a stranger', party, owner, { ownerId: stranger }, refuse('NO_SUCH_PEER')],
    [
      'the host back to the owner of a persistent party',
      persistent,
      owner,
      { hostId: owner },
      { verdict: 'change', terms: { hostId: owner } },
    ],
    [
      'the host of a persistent party to a third one, by its owner',
      persistent,
      owner,
      { hostId: guest },
      refuse('NOT_HOST'),
    ],
    [
      'owners’ and hosts’ things in one, by the host',
      party,
      host,
      { name: 'X', persistent: true },
      refuse('NOT_OWNER'),
    ],
    [
      'owners’ and hosts’ things in one, by the owner',
      party,
      owner,
      { name: 'X', persistent: true },
      refuse('NOT_HOST'),
    ],
  ])('%s', (_what, state, caller, change, decision) => {
    expect(decideChange(state, caller, change)).toMatchObject(decision);
  });
});

describe('decideClose', () => {
  const without = (state: PartyRecord, peerId: PeerId) => ({
    ...state,
    members: state.members.filter((other) => other.peerId !== peerId),
  });

  it.each<[string, PartyRecord, PeerId, object]>([
    ['the owner in it', party, owner, { verdict: 'close' }],
    ['the owner of a persistent party outside', without(persistent, owner), owner, { verdict: 'close' }],
    ['the creator of another one outside', without(party, owner), owner, refuse('PARTY_NOT_FOUND')],
    ['the host', party, host, refuse('NOT_OWNER')],
    ['a stranger', persistent, stranger, refuse('PARTY_NOT_FOUND')],
  ])('by %s', (_who, state, caller, decision) => {
    expect(decideClose(state, caller)).toEqual(decision);
  });
});

describe('hostInCharge', () => {
  // The owner has been there longest, then the host, then the guest.
  it.each([
    ['a guest', guest, 'gone', 'online', 'online', owner],
    ['a guest', guest, 'gone', 'away', 'online', guest],
    ['a guest', guest, 'gone', 'gone', 'online', guest],
    ['the owner', owner, 'gone', 'online', 'online', owner],
    ['a guest without a connection', guest, 'gone', 'online', 'away', owner],
    ['a guest, where nobody is connected', guest, 'gone', 'gone', 'away', host],
    ['a guest, and the host is just reconnecting', guest, 'away', 'online', 'online', host],
    ['a guest, and the host is there', guest, 'online', 'online', 'online', host],
    ['the host itself, by request alone', host, 'gone', 'online', 'online', host],
    ['a stranger', stranger, 'gone', 'online', 'online', host],
  ] as const)(
    '%s asks (%s): the host is %s, the owner %s, the guest %s',
    (_who, caller, ofHost, ofOwner, ofGuest, inCharge) => {
      const attendance = new Map<PeerId, Attendance>([
        [host, ofHost],
        [owner, ofOwner],
        [guest, ofGuest],
        [stranger, 'online'],
      ]);
      const attendanceOf = (peerId: PeerId) => attendance.get(peerId) ?? 'away';
      expect(hostInCharge(party, caller, attendanceOf)).toBe(inCharge);
    },
  );
});
