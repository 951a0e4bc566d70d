import { peerIdOf, type PartyId } from '#shared/party/identity';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { parsePublicKey, type PublicKey } from '#shared/wireguard/key';
import { changesByViewer, newPair, pairIdOf, partyOfPair } from './pair';

const partyId = '0123456789ab' as PartyId;
const [alice, bob, carol] = [
  'hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=',
  '3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=',
  'nDKDf5+iVUYRwKUjKvKJvSPvMYeE1Kbo9bPZQ7yMUUs=',
].map((text) => {
  const publicKey = parsePublicKey(text) as PublicKey;
  return { publicKey, peerId: peerIdOf(publicKey) };
}) as [Identity, Identity, Identity];
type Identity = { publicKey: PublicKey; peerId: ReturnType<typeof peerIdOf> };

describe('pairs', () => {
  it('are the same from either side, keys in ascending order', () => {
    expect(newPair(partyId, alice, bob)).toEqual(newPair(partyId, bob, alice));
    expect(newPair(partyId, alice, bob).players).toEqual([bob.publicKey, alice.publicKey]);
    expect(pairIdOf(partyId, alice.peerId, bob.peerId)).toHaveLength(46);
  });

  it('are known again by what a relay announces', () => {
    const { pairId, players } = newPair(partyId, alice, bob);
    expect(partyOfPair({ pairId, players, port: 1 })).toBe(partyId);
  });

  it.each([
    ['another key', { players: newPair(partyId, alice, carol).players }],
    ['no pair id of ours', { pairId: 'pair-1' }],
    ['a malformed party', { pairId: newPair('party' as PartyId, alice, bob).pairId }],
  ])('are strange with %s', (_what, change) => {
    const { pairId, players } = newPair(partyId, alice, bob);
    expect(partyOfPair({ pairId, players, port: 1, ...change })).toBeNull();
  });

  it('are told to each of the two, all of one viewer at once', () => {
    const endpoint = parseEndpoint('192.0.2.1:40000') as Endpoint;
    const open = { ...newPair(partyId, alice, bob), relayId: 'fra', endpoint };
    const waiting = newPair(partyId, alice, carol);
    const session = { relayId: 'fra', endpoint };
    expect(new Map(changesByViewer([open, waiting]).map(({ viewer, relays }) => [viewer, relays]))).toEqual(
      new Map([
        [alice.peerId, { [bob.peerId]: session, [carol.peerId]: null }],
        [bob.peerId, { [alice.peerId]: session }],
        [carol.peerId, { [alice.peerId]: null }],
      ]),
    );
  });
});
