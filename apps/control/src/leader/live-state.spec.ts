import { LoneNode } from '../cluster/lone-node';
import type { Membership } from '../parties/membership/membership';
import type { PartyStore } from '../parties/membership/party.store';
import { LiveState } from './live-state';

describe('LiveState', () => {
  const store = { allMemberIds: () => Promise.resolve([]) } as unknown as PartyStore;
  const live = new LiveState(new LoneNode(), {} as unknown as Membership, store, 30_000, 16);
  afterAll(() => live.end());

  it('serves the calls of the contract', () => {
    expect(live.serve('relays.listed', {})).toEqual([]);
    expect(live.serve('agents.attendance', { peerIds: [] })).toEqual([]);
  });

  it.each([
    ...['parties.timeOut', 'parties.doubtAll', 'agents.nodeGone', 'relays.nodeGone', 'paths.observed'],
    ...['registry.all', 'sessions.pairsOf', 'presence.forget', 'relays.constructor', 'agents.toString'],
  ])('does not serve %s, which is no business of other nodes', (name) => {
    expect(() => live.serve(name, {})).toThrow(`no such call: ${name}`);
  });
});
