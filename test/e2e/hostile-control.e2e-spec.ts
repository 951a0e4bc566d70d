/** A control plane that lies about who is in the party, and an agent that came by an invite link. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicKeyOf } from '#shared/auth/proof';
import { peerIdOf, type PartyId } from '#shared/party/identity';
import { encodeInviteLink, keyFingerprint } from '#shared/party/invite';
import { loadConfig } from '../../apps/client/src/config';
import { loadIdentity } from '../../apps/client/src/identity';
import { PartyManager } from '../../apps/client/src/party-manager';
import { voucherFor } from '../../apps/client/src/party/vouching';
import { until } from './support/processes';
import { ScriptedControl } from './support/scripted-control';
import { StubNetwork } from './support/stub-network';

const partyId = '0123456789ab' as PartyId;
const partyKey = randomBytes(16);
let addresses = 1;
const member = (name: string, publicKey: string, voucher: string | null) => ({
  id: peerIdOf(publicKey),
  name,
  publicKey,
  voucher,
  virtualIp: `10.66.0.${++addresses}`,
  joinedAt: '2026-01-01T00:00:00.000Z',
  online: true,
  natType: 'unknown',
  endpoint: null,
});
const newKey = () => publicKeyOf(randomBytes(32));
const vouched = (name: string, publicKey = newKey()) =>
  member(name, publicKey, voucherFor(partyKey, publicKey));
type Claimed = ReturnType<typeof member>;

describe('an agent that came by an invite link', () => {
  const alice = vouched('Alice');
  const carol = vouched('Carol');
  const malloryKey = newKey();
  let server: ScriptedControl;
  let home: string;
  let network: StubNetwork;
  let manager: PartyManager;
  let self: Claimed;

  beforeEach(async () => {
    server = await ScriptedControl.start();
    home = mkdtempSync(join(tmpdir(), 'lanrage-hostile-'));
    const config = loadConfig({ home, server: server.url, nickname: 'Bob' }, {});
    network = new StubNetwork(config);
    manager = new PartyManager(config, network);
    self = vouched('Bob', loadIdentity(home).publicKey);
    await manager.initializeControl();
    await until('the socket is there', () => manager.control.connected);
  });
  afterEach(async () => {
    await manager.close();
    await server.close();
    await rm(home, { recursive: true });
  });

  const snapshot = (claims: readonly Claimed[], hostId = alice.id) => ({
    id: partyId,
    name: 'LAN',
    hostId,
    ownerId: alice.id,
    // What the server says of the seal does not matter: the link has the last word.
    settings: { locked: false, public: false, persistent: false, hasPassword: false, discordUrl: null },
    createdAt: '2026-01-01T00:00:00.000Z',
    maxPeers: 8,
    revision: 1,
    members: [...claims, self],
    relays: Object.fromEntries(claims.map(({ id }) => [id, { relayId: 'r', endpoint: '192.0.2.1:51900' }])),
  });
  const joinClaimed = (claims: readonly Claimed[], { sealed = true, hostId = alice.id } = {}) => {
    server.script = ({ url }) => ({
      status: 200,
      body: url?.endsWith('/join') ? snapshot(claims, hostId) : {},
    });
    const hostFingerprint = keyFingerprint(alice.publicKey);
    const secret = randomBytes(16);
    return manager.joinParty(
      encodeInviteLink({ server: server.url, partyId, secret, partyKey, hostFingerprint, sealed }),
    );
  };
  const peer = (id: string) => manager.currentParty?.getPeerList().find((other) => other.id === id);
  const say = (event: string, data: object) => server.sockets.at(-1)?.emit(event, { partyId, ...data });

  it('plays with an honest one, and shows who is vouched for', async () => {
    await joinClaimed([alice, carol]);
    await until('both are peers', () => network.peers.size === 2);
    expect([peer(alice.id)?.vouched, peer(carol.id)?.vouched, peer(self.id)?.vouched]).toEqual([
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

    const relay = { relayId: 'r', endpoint: '192.0.2.1:51900' };
    say('member.joined', { revision: 2, relay, member: carol });
    await until('Carol is a peer', () => network.peers.has(carol.publicKey));
    say('member.left', { revision: 3, peerId: carol.id, reason: 'left', hostId: alice.id });
    say('member.joined', { revision: 4, relay, member: claim });
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
