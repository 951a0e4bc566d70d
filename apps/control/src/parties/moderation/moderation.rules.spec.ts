import { MOST_BANS } from '#shared/api/hosting';
import type { PeerId } from '#shared/party/identity';
import type { PartyRecord } from '../../model/party';
import { refusalOfHosting } from '../hosting/hosting.rules';
import { decideBan, decideRemoval, decideUnban } from './moderation.rules';
import {
  guest,
  host,
  owner,
  party,
  persistent,
  refuse,
  stranger,
} from '../../../../../test/fixtures/hosted-party';

/** The stranger was a member, but was away too long. */
const withTimedOut: PartyRecord = { ...party, timedOut: [stranger] };

describe('removing', () => {
  const free = { banned: false, bans: 0 };

  it.each<[string, PartyRecord, PeerId, PeerId, object, object]>([
    ['a guest, by the host', party, host, guest, { verdict: 'remove' }, { verdict: 'ban' }],
    ['a stranger, by the host', party, host, stranger, refuse('NO_SUCH_PEER'), { verdict: 'ban' }],
    ['who timed out, by the host', withTimedOut, host, stranger, { verdict: 'remove' }, { verdict: 'ban' }],
    ['who timed out, by a guest', withTimedOut, guest, stranger, refuse('NOT_HOST'), refuse('NOT_HOST')],
    ['the creator, by the host', party, host, owner, { verdict: 'remove' }, { verdict: 'ban' }],
    [
      'the owner of a persistent party, by the host',
      persistent,
      host,
      owner,
      refuse('NOT_OWNER'),
      refuse('NOT_OWNER'),
    ],
    [
      'the host itself',
      party,
      host,
      host,
      refuse('CANNOT_REMOVE_YOURSELF'),
      refuse('CANNOT_REMOVE_YOURSELF'),
    ],
    ['the host, by a guest', party, guest, host, refuse('NOT_HOST'), refuse('NOT_HOST')],
    [
      'a guest, by the owner who is not host',
      persistent,
      owner,
      guest,
      refuse('NOT_HOST'),
      refuse('NOT_HOST'),
    ],
    ['a guest, by a stranger', party, stranger, guest, refuse('PARTY_NOT_FOUND'), refuse('PARTY_NOT_FOUND')],
  ])('%s', (_what, state, caller, target, kick, ban) => {
    expect(decideRemoval(state, caller, target)).toEqual(kick);
    expect(decideBan(state, free, caller, target)).toEqual(ban);
  });

  it('bans once, and only so many', () => {
    expect(decideBan(party, { banned: true, bans: MOST_BANS }, host, stranger)).toEqual({ verdict: 'none' });
    expect(decideBan(party, { banned: false, bans: MOST_BANS }, host, stranger)).toEqual(
      refuse('TOO_MANY_BANS'),
    );
  });

  it('lets in again only who was banned, and only by the host', () => {
    expect(decideUnban(party, { banned: true, bans: 1 }, host)).toEqual({ verdict: 'unban' });
    expect(decideUnban(party, free, host)).toEqual(refuse('NO_SUCH_PEER'));
    expect(decideUnban(party, { banned: true, bans: 1 }, guest)).toEqual(refuse('NOT_HOST'));
    expect(refusalOfHosting(party, stranger)).toBe('PARTY_NOT_FOUND');
  });
});
