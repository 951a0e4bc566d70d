import type { PartyId, PeerId } from '#shared/party/identity';
import { LeaveTickets } from './leave-tickets';

const tickets = new LeaveTickets('secret');
const party = '0123456789ab' as PartyId;
const stay = { peerId: 'a'.repeat(16) as PeerId, joinedAtMs: 1_700_000_000_123 };
const ticket = tickets.of(party, stay);

describe('a leave ticket', () => {
  it('is the same for the same stay, on every node', () => {
    expect(ticket).toHaveLength(16);
    expect(new LeaveTickets('secret').isOf(party, { ...stay }, ticket)).toBe(true);
  });

  it.each([
    ['another stay of the same member', tickets, party, { ...stay, joinedAtMs: stay.joinedAtMs + 1 }],
    ['another member', tickets, party, { ...stay, peerId: 'b'.repeat(16) as PeerId }],
    ['another party', tickets, 'ba9876543210' as PartyId, stay],
    ['another server', new LeaveTickets('other'), party, stay],
  ])('is not that of %s', (_what, issuer, partyId, other) => {
    expect(issuer.isOf(partyId, other, ticket)).toBe(false);
  });
});
