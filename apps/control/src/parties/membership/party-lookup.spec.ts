import type { PartyId, PeerId } from '#shared/party/identity';
import type { PartyRecord } from '../../model/party';
import { PartyLookup } from './party-lookup';

const peer = (digit: string) => digit.repeat(16) as PeerId;
const party = { id: 'aaaaaaaaaaaa' as PartyId } as PartyRecord;

describe('PartyLookup', () => {
  const queries: PeerId[][] = [];
  let fails = false;
  const lookup = new PartyLookup(async (peerIds) => {
    queries.push(peerIds);
    await Promise.resolve();
    if (fails) throw new Error('away');
    return new Map(peerIds.filter((peerId) => peerId !== peer('9')).map((peerId) => [peerId, party]));
  });
  beforeEach(() => {
    queries.length = 0;
    fails = false;
  });

  it('asks for all at once who come while a query is under way, and for each once', async () => {
    const first = lookup.of(peer('1'));
    const others = ['2', '9', '2'].map((digit) => lookup.of(peer(digit)));
    expect(await Promise.all([first, ...others])).toEqual([party, party, null, party]);
    expect(queries).toEqual([[peer('1')], [peer('2'), peer('9')]]);
  });

  it('asks again for whoever asks again', async () => {
    await lookup.of(peer('1'));
    await lookup.of(peer('1'));
    expect(queries).toHaveLength(2);
  });

  it('fails for those whose query failed, and goes on', async () => {
    fails = true;
    const lost = lookup.of(peer('1'));
    await expect(lost).rejects.toThrow('away');
    fails = false;
    expect(await lookup.of(peer('2'))).toBe(party);
  });
});
