import type { Member } from '#shared/api/party';
import type { Endpoint } from '#shared/endpoint';
import type { PartyId, PeerId } from '#shared/party/identity';
import { natTypes, type NatType } from '#shared/party/nat-type';
import type { PublicKey } from '#shared/wireguard/key';
import { DEFAULT_NETWORK } from '#shared/party/virtual-ip';
import type { Membership } from './membership';
import { viewParty, type Observation, type Viewer } from './party';
import { settingsFixture } from '../../../../test/fixtures/party';

const id = (letter: string) => letter.repeat(16) as PeerId;
const member = (letter: string, joinedAt: string, natType: NatType = 'unknown'): Member => ({
  id: id(letter),
  name: letter,
  publicKey: 'key' as PublicKey,
  virtualIp: '10.66.0.1',
  joinedAt,
  online: true,
  natType,
  endpoint: null,
  direct: true,
  udp: 'unknown',
  voucher: null,
});
const membership = (...members: Member[]): Membership => ({
  id: '0123456789ab' as PartyId,
  name: 'Gaming Night',
  hostId: id('a'),
  ownerId: id('a'),
  createdAt: '2026-01-01T00:00:00.000Z',
  maxPeers: 8,
  settings: settingsFixture,
  network: DEFAULT_NETWORK,
  revision: 1,
  members: new Map(members.map((each) => [each.id, each])),
  refusedRelays: new Set(),
  relays: new Map(),
  relayRefusals: new Map(),
  departed: new Set(),
  doubted: new Map(),
});
const relayed: Observation = {
  connectionType: 'relayed',
  reason: null,
  pathEndpoint: null,
  directExpected: false,
  latencyMs: 61.5,
  latencyAgeMs: 20,
  packetLimit: null,
  vouched: null,
};
const seenBy = (letter: string, party: Membership, own: Partial<Viewer> = {}) =>
  viewParty(party, { id: id(letter), natType: 'unknown', endpoint: null, ...own }, () => relayed);

describe('a party in the eyes of a member', () => {
  const party = membership(
    member('c', '2026-01-01T00:00:02.000Z'),
    member('b', '2026-01-01T00:00:02.000Z'),
    member('a', '2026-01-01T00:00:01.000Z'),
  );

  it('lists everybody once, in order of joining, then id', () => {
    const names = seenBy('b', party)
      .getPeerList()
      .map(({ name }) => name);
    expect(names).toEqual(['a', 'b', 'c']);
  });

  it('the host sees itself as host, and real paths to the others', () => {
    const types = seenBy('a', party)
      .getPeerList()
      .map(({ connectionType, isHost, isSelf }) => ({ connectionType, isHost, isSelf }));
    expect(types).toEqual([
      { connectionType: 'host', isHost: true, isSelf: true },
      { connectionType: 'relayed', isHost: false, isSelf: false },
      { connectionType: 'relayed', isHost: false, isSelf: false },
    ]);
  });

  it('the others see themselves as direct, and the real path to the host', () => {
    const [host, self] = seenBy('b', party).getPeerList();
    expect(host).toMatchObject({ connectionType: 'relayed', isHost: true, latencyMs: 61.5 });
    expect(self).toMatchObject({ connectionType: 'direct', isSelf: true, latencyMs: null });
  });

  const [told, seen] = ['192.0.2.1:5000', '192.0.2.1:6000'] as Endpoint[];

  it.each([
    ['what it tells the others', null, told],
    ['where a relay sees it, by the word of the server', seen, seen],
  ])('has of itself the NAT type that it found, and the endpoint: %s', (_what, endpoint, shown) => {
    const own = { ...member('b', '2026-01-01T00:00:02.000Z'), endpoint: endpoint ?? null };
    const network = { natType: 'full_cone', endpoint: told ?? null } as const;
    const [self] = seenBy('b', membership(own), network).getPeerList();
    expect(self).toMatchObject({ isSelf: true, natType: 'full_cone', endpoint: shown });
  });

  it('is JSON with a list of peers', () => {
    const json = JSON.parse(JSON.stringify(seenBy('b', party))) as { peers: { id: string }[] };
    expect(Object.keys(json)).toEqual([
      'id',
      'name',
      'hostId',
      'ownerId',
      'createdAt',
      'maxPeers',
      'settings',
      'network',
      'peers',
    ]);
    expect(json.peers.map((peer) => peer.id)).toEqual([id('a'), id('b'), id('c')]);
  });
});

describe('compatible peers', () => {
  const members = natTypes.map((natType, index) =>
    member('abcdef'[index] ?? '', `2026-01-01T00:00:0${index}.000Z`, natType),
  );
  const self = member('9', '2026-01-01T00:00:09.000Z', 'open');

  it.each<[NatType, NatType[]]>([
    ['open', ['unknown', 'open', 'full_cone', 'restricted_cone', 'port_restricted_cone', 'symmetric']],
    ['port_restricted_cone', ['open', 'full_cone', 'restricted_cone', 'port_restricted_cone']],
    ['symmetric', ['open', 'full_cone']],
  ])('of somebody behind %s are the others whom the table allows', (natType, expected) => {
    const compatible = seenBy('9', membership(...members, self)).getCompatiblePeers(natType);
    expect(compatible.map((peer) => peer.natType)).toEqual(expected);
  });
});
