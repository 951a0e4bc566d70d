/** PartyManager: what it is made of, and what it does. */
import {
  ConnectionCoordinator,
  ConnectionManager,
  ControlPlane,
  loadIdentity,
  NATTraversal,
  NetworkManager,
  PartyManager,
  type Party,
} from '../../../apps/client/src/index';
import { until } from '../support/processes';
import type { StubPlayer } from '../support/stub-player';
import { FRESH_MS, type World } from './world';

export function managerRows(world: World): void {
  describe('PartyManager', () => {
    it('is made with config and network', () => {
      expect(world.alice.manager).toBeInstanceOf(PartyManager);
      expect(world.alice.manager.network).toBe(world.alice.network);
      expect(world.alice.manager.network).toBeInstanceOf(NetworkManager);
      expect(world.alice.manager.config).toMatchObject({ server: world.control.url, nickname: 'Alice' });
    });

    it('my_peer_id: its own, also after a restart', () => {
      const { manager, home } = world.alice;
      expect(manager.myPeerId).toMatch(/^[0-9a-f]{16}$/);
      expect(loadIdentity(home).peerId).toBe(manager.myPeerId);
    });

    it.each([
      ['nat', NATTraversal],
      ['coordinator', ConnectionCoordinator],
      ['control', ControlPlane],
      ['connections', ConnectionManager],
    ] as const)('%s', (attribute, type) => {
      expect(world.alice.manager[attribute]).toBeInstanceOf(type);
    });

    describe('initialize_nat()', () => {
      it('finds out the NAT type and the public endpoint by STUN', () => {
        const publicEndpoint = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
        expect(world.natAtFirst).toMatchObject({ natType: 'open', publicEndpoint, relayOnly: false });
        expect(world.alice.manager.nat.natType).toBe('open');
      });

      it('has the coordinator go by it', () => {
        const directExpected = ({ manager }: StubPlayer) =>
          manager.coordinator.coordinateConnection(world.stranger.publicKey, { natType: 'symmetric' })
            .directExpected;
        expect([world.alice, world.lonely].map(directExpected)).toEqual([true, false]);
      });

      it('falls back to the relay alone when nothing can be found out', async () => {
        const { manager } = world.lonely;
        await manager.initializeNat();
        expect(manager.nat.info()).toMatchObject({ natType: 'unknown', relayOnly: true });
      });
    });

    describe('initialize_control()', () => {
      it('has the control plane ready', async () => {
        const { control } = world.alice.manager;
        expect(control.connected).toBe(true);
        expect((await control.currentParty())?.id).toBe(world.party.id);
      });

      it('links it to the connections', () => {
        const { manager } = world.bob;
        expect(world.alice.manager.connections.pathOf(manager.myPeerId)?.phase).toBe('relayed');
      });

      it('may be called again, in any order with initialize_nat()', async () => {
        const { manager } = world.alice;
        await Promise.all([manager.initializeControl(), manager.initializeNat()]);
        expect(manager.control.connected).toBe(true);
      });
    });
  });
}

/** One party, from its creation to the last leave: each row goes on from the one before. */
export function lifeRows(world: World): void {
  let frank: StubPlayer;
  let grace: StubPlayer;
  let created: Party;
  let joined: Party;
  const names = (party: Party | null) => party?.getPeerList().map(({ name }) => name);

  describe('the life of a party', () => {
    beforeAll(async () => {
      [frank, grace] = await Promise.all([world.player('Frank'), world.player('Grace')]);
      await grace.manager.initializeNat();
    });

    it("get_party_status(): status 'no_party', and nobody there", async () => {
      const status = await frank.manager.getPartyStatus();
      expect(status).toMatchObject({
        status: 'no_party',
        peerCount: 0,
        natInfo: { natType: expect.any(String) },
      });
      expect(status).not.toHaveProperty('party');
      expect(frank.manager.currentParty).toBeNull();
    });

    describe('create_party()', () => {
      it('returns the Party', async () => {
        created = await frank.manager.createParty('Another Night');
        expect(created.name).toBe('Another Night');
      });

      it('has a new id for it', () => {
        expect(created.id).toMatch(/^[0-9a-f]{12}$/);
        expect(created.id).not.toBe(world.party.id);
      });

      it('puts oneself in first, as host', () => {
        expect(names(created)).toEqual(['Frank']);
        expect(created.hostId).toBe(frank.manager.myPeerId);
        expect(created.getPeerList()[0]).toMatchObject({
          isSelf: true,
          isHost: true,
          connectionType: 'host',
        });
      });

      it('registers it with the control plane', async () => {
        const { name, members } = await (await frank.impostor()).get(created.id);
        expect({ name, ids: members.map(({ id }) => id) }).toEqual({
          name: 'Another Night',
          ids: [frank.manager.myPeerId],
        });
      });

      it('makes it the current party', () => {
        expect(frank.manager.currentParty?.id).toBe(created.id);
      });
    });

    describe('join_party()', () => {
      it('returns the Party', async () => {
        joined = await grace.manager.joinParty(created.id, 'Gracie');
        expect(joined.id).toBe(created.id);
      });

      it('says who one is, and of what NAT type', async () => {
        const { members } = await (await frank.impostor()).get(created.id);
        expect(members[1]).toMatchObject({
          id: grace.manager.myPeerId,
          name: 'Gracie',
          natType: grace.manager.nat.natType,
        });
        expect(members[1]?.natType).toBe('open');
      });

      it('gets the party with its peers', () => {
        expect(joined.name).toBe('Another Night');
        expect(joined.hostId).toBe(frank.manager.myPeerId);
        expect(names(joined)).toEqual(['Frank', 'Gracie']);
      });

      it('connects to all who are there, without being told to', async () => {
        const host = joined.getPeerList()[0];
        await until('Grace has Frank', () => grace.network.peers.size === 1);
        expect([...grace.network.peers]).toEqual([[host?.publicKey, '10.66.0.1']]);
      });

      it('has those connect, too', async () => {
        await until('Frank has Grace', () => frank.network.peers.size === 1);
        expect([...frank.network.peers.values()]).toEqual([grace.network.virtualIp]);
      });

      it('updates the connection type when there is a connection', async () => {
        const peer = (await grace.manager.waitConnected())?.getPeerList()[0];
        expect(peer).toMatchObject({ name: 'Frank', connectionType: 'relayed' });
      });

      it('makes it the current party', () => {
        expect(grace.manager.currentParty?.id).toBe(created.id);
      });
    });

    describe('leave_party()', () => {
      it('disconnects from all peers', async () => {
        await grace.manager.leaveParty();
        expect([grace.network.peers.size, grace.network.virtualIp]).toEqual([0, null]);
      });

      it('tells the control plane', async () => {
        expect((await (await frank.impostor()).get(created.id)).members).toHaveLength(1);
        await until('Frank is alone', () => frank.peers.length === 1);
      });

      it('leaves no current party', () => {
        expect(grace.manager.currentParty).toBeNull();
      });
    });
  });
}

export function statusRows(world: World): void {
  const statusOf = async ({ manager }: StubPlayer) => {
    const status = await manager.getPartyStatus();
    if (status.status !== 'in_party') throw new Error('in no party');
    return status;
  };

  describe('get_party_status() in a party', () => {
    it("status: 'in_party'", async () => {
      expect((await world.alice.manager.getPartyStatus()).status).toBe('in_party');
    });

    it('party: with its name', async () => {
      expect((await statusOf(world.alice)).party.name).toBe('Gaming Night');
    });

    it('peer_count: with oneself', async () => {
      expect((await statusOf(world.alice)).peerCount).toBe(5);
    });

    it('nat_info: NAT type and public endpoint', async () => {
      const { natInfo } = await statusOf(world.alice);
      expect(natInfo.natType).toBe('open');
      expect(natInfo).toHaveProperty('publicEndpoint');
    });

    it('latencies of all who answer, of just now', async () => {
      const startedAtMs = performance.now();
      const { party } = await statusOf(world.alice);
      const measured = party.getPeerList().filter(({ latencyMs }) => latencyMs !== null);
      expect(measured.map(({ name }) => name)).toEqual(['Bob', 'Carol', 'Erin']);
      const sinceMs = performance.now() - startedAtMs + FRESH_MS;
      for (const { latencyAgeMs } of measured) expect(latencyAgeMs).toBeLessThanOrEqual(sinceMs);
    });

    it('connection type of each peer', async () => {
      const { party } = await statusOf(world.alice);
      expect(party.getPeerList().map(({ connectionType }) => connectionType)).toEqual([
        'host',
        ...Array<string>(4).fill('relayed'),
      ]);
    });
  });
}
