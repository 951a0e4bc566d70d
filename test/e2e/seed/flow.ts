/** Who asks whom for what: the connection flow, the integration of the parts, and what each step costs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ControlPlane, loadIdentity } from '../../../apps/client/src/index';
import { natTypes } from '#shared/party/nat-type';
import type { StubPlayer } from '../support/stub-player';
import { FRESH_MS, type World } from './world';

/** What the player asks the control plane for, from now on. */
function watchRequests({ manager }: StubPlayer): string[] {
  const requests: string[] = [];
  const { control } = manager;
  const ask = control.authorized.bind(control);
  jest.spyOn(control, 'authorized').mockImplementation((request) => {
    requests.push(`${request.method} ${request.path}`);
    return ask(request);
  });
  return requests;
}

export function flowRows(world: World): void {
  describe('connection flow', () => {
    let henry: StubPlayer;
    let iris: StubPlayer;
    let partyId: string;

    beforeAll(async () => {
      [henry, iris] = await Promise.all([world.player('Henry'), world.player('Iris')]);
    });
    afterEach(() => jest.restoreAllMocks());

    it('creating a party: one request to the control plane, then the Party', async () => {
      const requests = watchRequests(henry);
      const { id } = await henry.manager.createParty('Flow');
      expect(requests).toEqual(['POST /v1/parties']);
      partyId = id;
    });

    it('joining: one request that brings the peers, then a connection with each', async () => {
      const guests = await Promise.all(['One', 'Two', 'Three'].map((name) => world.guest(name)));
      for (const guest of guests) await guest.join(partyId);
      const requests = watchRequests(iris);
      const connected = jest.spyOn(iris.network, 'addPeer');
      const { peers } = await iris.manager.joinParty(partyId, 'Iris');
      await iris.manager.waitConnected();
      expect(requests).toEqual([`POST /v1/parties/${partyId}/join`]);
      expect(peers.size).toBe(5);
      const others = [henry.manager.myPeerId, ...guests.map(({ peerId }) => peerId)];
      const keys = others.map((id) => peers.get(id)?.publicKey);
      expect(new Set(connected.mock.calls.map(([{ publicKey }]) => publicKey))).toEqual(new Set(keys));
    });

    it('peer connection: coordinate, then add_peer by the strategy', async () => {
      await iris.manager.leaveParty();
      const coordinated = jest.spyOn(iris.manager.coordinator, 'coordinateConnection');
      const added = jest.spyOn(iris.network, 'addPeer');
      const { peers } = await iris.manager.joinParty(partyId, 'Iris');
      await iris.manager.waitConnected();
      const host = peers.get(henry.manager.myPeerId);
      const index = coordinated.mock.calls.findIndex(([key]) => key === host?.publicKey);
      const strategy = coordinated.mock.results[index]?.value as { relay: string };
      expect(coordinated.mock.calls[index]?.[1]).toMatchObject({ natType: host?.natType });
      expect(strategy.relay).toMatch(/^127\.0\.0\.1:4\d{4}$/);
      const peer = { publicKey: host?.publicKey, virtualIp: '10.66.0.1', endpoint: strategy.relay };
      expect(added).toHaveBeenCalledWith(expect.objectContaining(peer));
    });
  });
}

export function integrationRows(world: World): void {
  describe('integration points', () => {
    it('detect_nat()', async () => {
      const info = await world.alice.manager.nat.detectNat();
      expect(info).toMatchObject({ natType: 'open', mapping: 'none', relayOnly: false });
    });

    it('can_direct_connect(): by the table, from an open NAT and from an unknown one', () => {
      const answers = ({ manager }: StubPlayer) =>
        natTypes.filter((natType) => manager.nat.canDirectConnect(natType));
      expect(answers(world.alice)).toEqual(natTypes);
      expect(answers(world.lonely)).toEqual(['open', 'full_cone']);
    });

    it('coordinate_connection(public key, NAT info): a strategy', () => {
      const { coordinator } = world.lonely.manager;
      const peer = world.peers.find(({ name }) => name === 'Carol');
      const strategy = coordinator.coordinateConnection(peer?.publicKey ?? '', { natType: 'full_cone' });
      expect(strategy).toEqual({ peerPublicKey: peer?.publicKey, relay: null, directExpected: true });
    });

    it('coordinate_connection(): refuses what is no NAT type', () => {
      const { coordinator } = world.lonely.manager;
      const coordinate = (natType: string) =>
        coordinator.coordinateConnection('', { natType: natType as 'open' });
      expect(() => coordinate('FULL_CONE')).toThrow(RangeError);
    });

    describe('control plane', () => {
      let home: string;
      let control: ControlPlane;

      beforeAll(async () => {
        home = await mkdtemp(join(tmpdir(), 'lanrage-seed-'));
        control = new ControlPlane(world.control.url, loadIdentity(home));
      });
      afterAll(async () => {
        await control.close();
        await rm(home, { recursive: true });
      });

      it('register_party(), leave_party()', async () => {
        const { id, name, members } = await control.registerParty({ name: 'Mine', peerName: 'Jack' });
        expect([name, members.map((member) => member.name)]).toEqual(['Mine', ['Jack']]);
        await control.leaveParty(id);
        expect((await world.stranger.tryJoin(id)).status).toBe(404);
      });

      it('join_party(): the party with its peers', async () => {
        const host = await world.guest('Kim');
        const { id } = await host.create();
        const { members } = await control.joinParty(id, { peerName: 'Jack' });
        expect(members.map(({ name }) => name)).toEqual(['Kim', 'Jack']);
        await control.leaveParty(id);
        expect((await host.get(id)).members).toHaveLength(1);
      });
    });
  });
}

export function monitoringRows(world: World): void {
  const others = () => world.peers.filter(({ isSelf }) => !isSelf);

  describe('status monitoring', () => {
    afterEach(() => jest.restoreAllMocks());

    it('measures the way to all peers but oneself, each time it is asked', async () => {
      // Dave's answer of an earlier time is still being waited for.
      const expected = others().filter(({ name }) => name !== 'Dave');
      const measure = jest.spyOn(world.alice.network, 'measureLatency');
      for (let time = 0; time < 2; time++) {
        await delay(FRESH_MS);
        measure.mockClear();
        await world.alice.manager.getPartyStatus();
        const measured = new Set(measure.mock.calls.map(([virtualIp]) => virtualIp));
        expect(measured).toEqual(new Set(expected.map(({ virtualIp }) => virtualIp)));
      }
    });

    it('at the same time, and without waiting for one who does not answer', async () => {
      await delay(FRESH_MS);
      const asked: string[] = [];
      let answer: (latencyMs: number) => void = () => undefined;
      const answered = new Promise<number>((resolve) => (answer = resolve));
      jest.spyOn(world.alice.network, 'measureLatency').mockImplementation((virtualIp) => {
        // Nobody gets an answer until all have been asked.
        if (asked.push(virtualIp) === others().length - 1) answer(7);
        return answered;
      });
      await world.alice.manager.getPartyStatus();
      expect(others().map(({ latencyMs }) => latencyMs)).toEqual([7, 7, null, 7]);
    });

    it('looks at the connections by itself, again and again', async () => {
      const readings = jest.spyOn(world.alice.network, 'readPeers');
      const turn = () =>
        new Promise((resolve) => world.alice.manager.connections.once('turn', () => resolve(0)));
      await turn();
      const { length } = readings.mock.calls;
      await turn();
      await turn();
      expect(readings.mock.calls.length).toBeGreaterThan(length);
    });
  });
}
