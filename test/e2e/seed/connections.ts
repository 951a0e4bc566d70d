/** Virtual addresses, connection types, and what happens when a connection fails. */
import { createHash } from 'node:crypto';
import type { PeerId } from '#shared/party/identity';
import { DEFAULT_NETWORK, preferredSlot, virtualIpOfSlot } from '#shared/party/virtual-ip';
import { evaluate, neverSwitched, switching } from '../../../apps/control/src/leader/relays/switching';
import type { Peer } from '../../../apps/client/src/index';
import { until } from '../support/processes';
import type { StubPlayer } from '../support/stub-player';
import type { World } from './world';

const addressOf = (id: string) => virtualIpOfSlot(preferredSlot(id as PeerId), DEFAULT_NETWORK);

export function addressRows(world: World): void {
  const sample = Array.from({ length: 5_000 }, (_, index) =>
    addressOf(createHash('sha256').update(String(index)).digest('hex').slice(0, 16))
      .split('.')
      .map(Number),
  );

  describe('virtual IP allocation', () => {
    it('deterministic: the same id, the same address, also after leaving', async () => {
      const host = await world.guest('Host');
      const guest = await world.guest('Guest');
      const { id } = await host.create();
      const own = async () =>
        (await guest.join(id)).members.find((member) => member.id === guest.peerId)?.virtualIp;
      const first = await own();
      await guest.leave(id);
      expect([first, await own()]).toEqual([addressOf(guest.peerId), addressOf(guest.peerId)]);
    });

    it('distributed over the subnet', () => {
      expect(new Set(sample.map(([, , third]) => third)).size).toBe(256);
      expect(new Set(sample.map(([, , , fourth]) => fourth)).size).toBe(253);
      for (const [first, second] of sample) expect([first, second]).toEqual([10, 66]);
    });

    it('avoids reserved addresses', () => {
      const fourths = sample.map(([, , , fourth]) => fourth);
      for (const reserved of [0, 1, 255]) expect(fourths).not.toContain(reserved);
    });

    it('follows from the id alone, where nobody else has the address', () => {
      const guests = world.peers.filter(({ isHost }) => !isHost);
      expect(guests.map(({ virtualIp }) => virtualIp)).toEqual(guests.map(({ id }) => addressOf(id)));
    });
  });
}

export function connectionTypeRows(world: World): void {
  describe('connection types', () => {
    it('host: the creator, at 10.66.0.1, without a latency', () => {
      const [self] = world.peers;
      expect(self).toMatchObject({ connectionType: 'host', virtualIp: '10.66.0.1', latencyMs: null });
      const seenByBob = world.bob.manager.currentParty?.getPeerList()[0];
      expect(seenByBob).toMatchObject({ name: 'Alice', isHost: true, connectionType: 'relayed' });
    });

    it('unknown: of nobody in a party', () => {
      const types = world.peers.map(({ connectionType }) => connectionType);
      expect(types).not.toContain('unknown');
    });

    describe('of somebody who comes', () => {
      let leo: StubPlayer;
      let first: Peer[];
      const seen: Peer[] = [];

      beforeAll(async () => {
        leo = await world.player('Leo');
        leo.manager.on('connectionChanged', (peer) => seen.push(peer));
        // No handshake is ever completed.
        jest.spyOn(leo.network, 'readPeers').mockResolvedValue(new Map());
        const { id } = await (await world.guest('Mia')).create();
        first = (await leo.manager.joinParty(id, 'Leo')).getPeerList();
      });
      afterAll(() => jest.restoreAllMocks());

      const mia = () => leo.manager.currentParty?.getPeerList()[0];

      it('connecting: at first', () => {
        expect(first.map(({ connectionType }) => connectionType)).toEqual(['connecting', 'direct']);
        expect(first[0]).toMatchObject({ latencyMs: null, reason: { message: expect.any(String) } });
      });

      it('failed: when nobody answers', async () => {
        await leo.manager.waitConnected();
        expect(mia()).toMatchObject({ connectionType: 'failed', latencyMs: null });
      });

      it('failed: the player is told, and why', () => {
        expect(seen.map(({ connectionType }) => connectionType)).toEqual(['failed']);
        expect(seen[0]?.reason).toMatchObject({
          code: expect.any(String),
          message: expect.stringMatching(/\w+/),
        });
      });

      it('failed: tried again by itself, until it works', async () => {
        jest.restoreAllMocks();
        await until('Leo has Mia', () => mia()?.connectionType === 'relayed');
        expect(seen.at(-1)?.connectionType).toBe('relayed');
      });
    });

    it('relayed: moves to another relay that is clearly better, three times in a row', () => {
      const situation = {
        current: 'far',
        isGuessed: false,
        available: new Set(['far', 'near']),
        sumsMs: new Map([
          ['far', 200],
          ['near', 40],
        ]),
      };
      const moves: (string | null)[] = [];
      let state = neverSwitched;
      for (let turn = 0; turn < 3; turn++) {
        const evaluation = evaluate(state, situation, turn * switching.intervalMs);
        moves.push(evaluation.moveTo);
        ({ state } = evaluation);
      }
      expect(moves).toEqual([null, null, 'near']);
    });
  });
}
