import { decideInvite } from './invites.rules';
import { guest, host, owner, party, stranger } from '../../../../../test/fixtures/hosted-party';

describe('decideInvite', () => {
  it.each([
    ['the host', host, 63, { verdict: 'invite' }],
    ['the host, who has made enough', host, 64, { verdict: 'refuse', code: 'TOO_MANY_INVITES' }],
    ['the owner alone', owner, 0, { verdict: 'refuse', code: 'NOT_HOST' }],
    ['a member', guest, 0, { verdict: 'refuse', code: 'NOT_HOST' }],
    ['a stranger', stranger, 0, { verdict: 'refuse', code: 'PARTY_NOT_FOUND' }],
  ] as const)('%s', (_who, caller, live, decision) => {
    expect(decideInvite(party, live, caller)).toEqual(decision);
  });
});
