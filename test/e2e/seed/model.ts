/** Peer and Party: their fields, and what a Party answers. */
import { createHash } from 'node:crypto';
import { loadIdentity } from '../../../apps/client/src/index';
import type { NatType } from '../../../apps/client/src/index';
import type { World } from './world';

/** A peer's id, found out without the product's help. */
const idOf = (publicKey: string) =>
  createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16);

const connectionTypes = ['direct', 'relayed', 'connecting', 'host', 'failed', 'unknown'];

export function peerRows(world: World): void {
  describe('Peer', () => {
    it('id: unique, and that of its key', () => {
      const ids = world.peers.map(({ id }) => id);
      expect(ids).toEqual(world.peers.map(({ publicKey }) => idOf(publicKey)));
      expect(new Set(ids).size).toBe(5);
    });

    it('name: what the others are shown', () => {
      expect(world.peers.map(({ name }) => name)).toEqual(['Alice', 'Bob', 'Carol', 'Dave', 'Erin']);
    });

    it('public_key: of WireGuard, base64', () => {
      const keys = world.peers.map(({ publicKey }) => Buffer.from(publicKey, 'base64'));
      expect(keys.map(({ length }) => length)).toEqual([32, 32, 32, 32, 32]);
      const { manager, home } = world.bob;
      expect(world.party.peers.get(manager.myPeerId)?.publicKey).toBe(loadIdentity(home).publicKey);
    });

    it('virtual_ip: 10.66.x.y, nobody else’s', () => {
      const addresses = world.peers.map(({ virtualIp }) => virtualIp);
      for (const address of addresses) expect(address).toMatch(/^10\.66\.\d{1,3}\.\d{1,3}$/);
      expect(new Set(addresses).size).toBe(5);
    });

    it('endpoint: IP:port, or none', () => {
      const endpoints = Object.fromEntries(world.peers.map(({ name, endpoint }) => [name, endpoint]));
      expect(endpoints).toMatchObject({ Carol: '203.0.113.42:51820', Dave: null, Erin: null });
    });

    it('latency_ms: milliseconds, or none', async () => {
      await world.alice.manager.getPartyStatus();
      const latencies = Object.fromEntries(world.peers.map(({ name, latencyMs }) => [name, latencyMs]));
      expect(latencies).toEqual({ Alice: null, Bob: 20, Carol: 20, Dave: null, Erin: 20 });
    });

    it('connection_type: one of six words', () => {
      const theirs = world.bob.manager.currentParty?.getPeerList() ?? [];
      const types = [...world.peers, ...theirs].map(({ connectionType }) => connectionType);
      expect(types).toHaveLength(10);
      for (const type of types) expect(connectionTypes).toContain(type);
    });

    it('joined_at: a time in UTC, the same for everybody', () => {
      const times = world.peers.map(({ joinedAt }) => joinedAt);
      for (const time of times) expect(new Date(time).toISOString()).toBe(time);
      const theirs = world.bob.manager.currentParty?.getPeerList() ?? [];
      expect(theirs.map(({ joinedAt }) => joinedAt)).toEqual(times);
    });
  });
}

export function partyRows(world: World): void {
  describe('Party', () => {
    it('id: unique', async () => {
      const { id } = await (await world.guest('Other')).create();
      expect(world.party.id).toMatch(/^[0-9a-f]{12}$/);
      expect(id).not.toBe(world.party.id);
    });

    it('name', () => {
      expect(world.party.name).toBe('Gaming Night');
    });

    it('host_id: the peer id of the host', () => {
      expect(world.party.hostId).toBe(world.alice.manager.myPeerId);
    });

    it('peers: by id', () => {
      expect(world.party.peers.size).toBe(5);
      for (const [id, peer] of world.party.peers) expect(peer.id).toBe(id);
    });

    it('created_at: a time in UTC', () => {
      const { createdAt } = world.party;
      expect(new Date(createdAt).toISOString()).toBe(createdAt);
      expect(Date.parse(createdAt)).toBeLessThanOrEqual(Date.parse(world.peers[1]?.joinedAt ?? ''));
    });

    it('get_peer_list(): everybody in the party, oneself once', () => {
      const { party } = world;
      const list = party.getPeerList();
      expect(new Set(list)).toEqual(new Set(party.peers.values()));
      expect(list.filter(({ isSelf }) => isSelf).map(({ name }) => name)).toEqual(['Alice']);
    });

    // Bob has no NAT, Carol's is a full cone, Dave's symmetric, Erin's restricted.
    const compatibility: [rule: string, natType: NatType, names: string[]][] = [
      ['open: with anyone', 'open', ['Bob', 'Carol', 'Dave', 'Erin']],
      ['full cone: with anyone', 'full_cone', ['Bob', 'Carol', 'Dave', 'Erin']],
      ['restricted cone: not with symmetric', 'restricted_cone', ['Bob', 'Carol', 'Erin']],
      ['port-restricted cone: not with symmetric', 'port_restricted_cone', ['Bob', 'Carol', 'Erin']],
      ['symmetric: only with whom anyone reaches', 'symmetric', ['Bob', 'Carol']],
      ['unknown: like symmetric', 'unknown', ['Bob', 'Carol']],
    ];
    it.each(compatibility)('get_compatible_peers(), %s', (_rule, natType, names) => {
      expect(world.party.getCompatiblePeers(natType).map(({ name }) => name)).toEqual(names);
    });
  });
}
