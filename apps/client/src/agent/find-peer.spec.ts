import { Party, type Peer } from '../party/party';
import { findPeer } from './find-peer';

const peer = (id: string, name: string, virtualIp: string) => ({ id, name, virtualIp }) as Peer;

function partyOf(...peers: Peer[]): Party {
  return { getPeerList: () => peers } as Party;
}

describe('a player that somebody names', () => {
  const party = partyOf(
    peer('a', 'Ren\u00e9', '10.66.0.1'),
    peer('b', 'Bob', '10.66.0.2'),
    peer('c', 'bob', '10.66.0.3'),
  );

  it.each([
    ['10.66.0.3', 'c'],
    ['b', 'b'],
    ['ren\u00e9', 'a'],
    ['Rene\u0301', 'a'],
  ])('%s', (wanted, id) => {
    expect(findPeer(party, wanted).id).toBe(id);
  });

  it('is not one of two namesakes', () => {
    expect(() => findPeer(party, 'Bob')).toThrow('Several players have the name Bob');
  });
});
