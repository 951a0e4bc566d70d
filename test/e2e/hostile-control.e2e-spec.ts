/** A control plane that lies about who is in the party, and an agent that came by an invite link. */
import { randomBytes } from 'node:crypto';
import { peerIdOf } from '#shared/party/identity';
import { voucherFor } from '../../apps/client/src/party/vouching';
import {
  alice,
  carol,
  claimedMember as member,
  hostilePartyId as partyId,
  HostileParty,
  honestRelay,
  newKey,
  vouchedMember,
  type Claimed,
} from './support/hostile-party';
import { until } from './support/processes';

const malloryKey = newKey();
let hostile: HostileParty;
let server: HostileParty['server'];
let network: HostileParty['network'];
let manager: HostileParty['manager'];

beforeEach(async () => {
  hostile = await HostileParty.start();
  ({ server, network, manager } = hostile);
});
afterEach(() => hostile.close());

const joinClaimed = (claims: readonly Claimed[], { sealed = true, hostId = alice.id } = {}) =>
  hostile.join(hostile.snapshot(claims, { hostId }), sealed);
const peer = (id: string) => hostile.peer(id);
const say = (event: string, data: object) => hostile.say(event, data);

describe('an agent that came by an invite link', () => {
  it('plays with an honest one, and shows who is vouched for', async () => {
    await joinClaimed([alice, carol]);
    await until('both are peers', () => network.peers.size === 2);
    expect([peer(alice.id)?.vouched, peer(carol.id)?.vouched, peer(hostile.self.id)?.vouched]).toEqual([
      true,
      true,
      true,
    ]);
    expect(JSON.stringify(manager.currentParty)).not.toContain('voucher');
  });

  it.each([
    ["the host's key, under the host's id", { ...alice, publicKey: malloryKey }, alice.id],
    ["the host's key and id", member('Alice', malloryKey, alice.voucher), peerIdOf(malloryKey)],
    ['the host, whom nobody vouches for', member('Alice', malloryKey, null), peerIdOf(malloryKey)],
  ])('does not join when the server swaps %s', async (_what, claim, hostId) => {
    for (const sealed of [true, false]) {
      await expect(joinClaimed([claim, carol], { sealed, hostId })).rejects.toMatchObject({
        code: 'HOST_KEY_MISMATCH',
        message: expect.stringMatching(/Do not join/),
      });
    }
    expect([manager.currentParty, network.peers.size, network.virtualIp]).toEqual([null, 0, null]);
    expect(server.requests).toContain(`POST /v1/parties/${partyId}/leave`);
  });

  it.each([
    ['a swapped key', { ...carol, publicKey: malloryKey }, 'forged'],
    ['a swapped key and id, with the old voucher', member('Carol', malloryKey, carol.voucher), 'forged'],
    ['a ghost', member('Dave', malloryKey, null), 'not_vouched'],
    [
      'a ghost with a voucher of its own',
      member('Dave', malloryKey, voucherFor(randomBytes(16), malloryKey)),
      'forged',
    ],
  ])('refuses %s in a sealed party, from the start and later', async (_what, claim, code) => {
    await joinClaimed([alice, claim]);
    const isRefused = () => {
      expect([...network.peers.keys()]).toEqual([alice.publicKey]);
      expect(peer(claim.id)).toMatchObject({
        connectionType: 'failed',
        pathEndpoint: null,
        vouched: false,
        reason: { code, message: expect.stringMatching(/^Refused/), advice: expect.any(String) },
      });
    };
    await until('Alice is a peer', () => network.peers.size === 1);
    isRefused();

    say('member.joined', { revision: 2, relay: honestRelay, member: carol });
    await until('Carol is a peer', () => network.peers.has(carol.publicKey));
    say('member.left', { revision: 3, peerId: carol.id, reason: 'left', hostId: alice.id });
    say('member.joined', { revision: 4, relay: honestRelay, member: claim });
    await until('Carol is none', () => !network.peers.has(carol.publicKey));
    isRefused();
  });

  it('drops a member whose key is swapped while both play', async () => {
    await joinClaimed([alice, carol], { sealed: false });
    await until('both are peers', () => network.peers.size === 2);
    say('member.joined', { revision: 2, relay: null, member: { ...carol, publicKey: malloryKey } });
    await until('Carol is dropped', () => network.peers.size === 1);
    expect(peer(carol.id)).toMatchObject({ connectionType: 'failed', reason: { code: 'forged' } });
    expect(network.peers.has(malloryKey)).toBe(false);
  });

  it('lets whoever has the bare id play where the party is not sealed, and says so', async () => {
    const dave = member('Dave', newKey(), null);
    await joinClaimed([alice, dave], { sealed: false });
    await until('both are peers', () => network.peers.size === 2);
    expect(peer(dave.id)?.vouched).toBe(false);
  });
});

/** Everything but an address that a slot has; what is captured when the agent takes it as its own or a member's. */
const foreignAddresses = [
  '8.8.8.8',
  '0.0.0.0',
  '127.0.0.1',
  '169.254.169.254',
  '192.168.1.1',
  '224.0.0.1',
  '255.255.255.255',
  '10.65.255.254',
  '10.67.0.2',
  '10.66.0.0',
  '10.66.255.255',
  '10.66.7.1',
];

describe('an agent whose server names addresses of other networks', () => {
  it.each(foreignAddresses)('does not join with %s as its own', async (virtualIp) => {
    const joining = hostile.join(
      hostile.snapshot([alice], { members: [alice, { ...hostile.self, virtualIp }] }),
    );
    await expect(joining).rejects.toMatchObject({
      code: 'SERVER_MISBEHAVES',
      message: expect.stringContaining(virtualIp),
    });
    expect([manager.currentParty, network.virtualIp, network.addresses]).toEqual([null, null, []]);
    expect(server.requests).toContain(`POST /v1/parties/${partyId}/leave`);
  });

  it('does not join without an address of its own', async () => {
    const joining = hostile.join(hostile.snapshot([alice], { members: [alice] }));
    await expect(joining).rejects.toMatchObject({ code: 'SERVER_MISBEHAVES' });
    expect(network.addresses).toEqual([]);
  });

  it('does not join another party than the one that it asked for', async () => {
    const joining = hostile.join(hostile.snapshot([alice], { id: 'ba9876543210' }));
    await expect(joining).rejects.toMatchObject({ code: 'SERVER_MISBEHAVES' });
    expect(network.addresses).toEqual([]);
  });

  it.each(foreignAddresses)('refuses a member with %s, from the start and later', async (virtualIp) => {
    const claim = { ...carol, virtualIp };
    const isRefused = () =>
      expect(peer(claim.id)).toMatchObject({
        connectionType: 'failed',
        pathEndpoint: null,
        reason: { code: 'false_address', message: expect.stringMatching(/^Refused/) },
      });
    await joinClaimed([alice, claim]);
    await hostile.heard();
    isRefused();
    say('member.joined', { revision: 2, relay: honestRelay, member: carol });
    await until('Carol is a peer', () => network.peers.has(carol.publicKey));
    say('member.joined', { revision: 3, relay: honestRelay, member: claim });
    await until('Carol is none', () => !network.peers.has(carol.publicKey));
    isRefused();
    expect(new Set(network.addresses)).toEqual(
      new Set([alice.virtualIp, carol.virtualIp, hostile.self.virtualIp]),
    );
  });

  it('gives nobody the address that two have, nor its own to another', async () => {
    const dave = vouchedMember('Dave');
    await joinClaimed([
      { ...carol, virtualIp: alice.virtualIp },
      alice,
      { ...dave, virtualIp: hostile.self.virtualIp },
    ]);
    await hostile.heard();
    expect([network.virtualIp, network.peers.size]).toEqual([hostile.self.virtualIp, 0]);
    for (const { id } of [alice, carol, dave]) expect(peer(id)?.reason?.code).toBe('false_address');
  });

  it('counts no address for a member that it refuses anyway', async () => {
    await joinClaimed([alice, { ...member('Mallory', malloryKey, null), virtualIp: alice.virtualIp }]);
    await until('Alice is a peer', () => network.peers.has(alice.publicKey));
  });

  it.each(['8.8.4.66', '10.66.0.0'])('ends the party when it is to move to %s', async (virtualIp) => {
    await joinClaimed([alice]);
    await until('Alice is a peer', () => network.peers.has(alice.publicKey));
    say('party.snapshot', {
      party: hostile.snapshot([alice], { members: [alice, { ...hostile.self, virtualIp }] }),
    });
    await until('the party is over', () => !manager.currentParty);
    expect(manager.describe()).toMatchObject({ endedBecause: { code: 'SERVER_MISBEHAVES' } });
    expect(network.addresses).not.toContain(virtualIp);
    expect(server.requests.filter((request) => request.endsWith('/leave'))).toHaveLength(1);
  });

  it('asks again when an event alone moves it', async () => {
    await joinClaimed([alice]);
    say('member.joined', { revision: 2, relay: null, member: { ...hostile.self, virtualIp: '8.8.4.66' } });
    await hostile.heard();
    expect(peer(hostile.self.id)?.virtualIp).toBe(hostile.self.virtualIp);
    expect(network.addresses).not.toContain('8.8.4.66');
  });
});
