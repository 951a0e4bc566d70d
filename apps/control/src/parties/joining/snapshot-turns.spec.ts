import { setImmediate as otherWork } from 'node:timers/promises';
import type { PeerId } from '#shared/party/identity';
import { SnapshotTurns } from './snapshot-turns';

const peer = (number: number) => String(number).padStart(16, '0') as PeerId;
const peers = (count: number) => Array.from({ length: count }, (_, number) => peer(number));

describe('SnapshotTurns', () => {
  const readings: PeerId[][] = [];
  let fails = false;
  let made = 0;
  const turns = new SnapshotTurns<string, string>(
    async (peerIds) => {
      readings.push(peerIds);
      await Promise.resolve();
      if (fails) throw new Error('away');
      return new Map(peerIds.filter((peerId) => peerId !== peer(9)).map((peerId) => [peerId, 'party']));
    },
    (party, viewer) => {
      made += 1;
      return Promise.resolve(`${party} of ${viewer}`);
    },
  );
  beforeEach(() => {
    readings.length = 0;
    made = 0;
    fails = false;
  });

  it('answers each of a line as it sees the party, all who wait from few readings', async () => {
    const answers = await Promise.all(peers(40).map((peerId) => turns.of(peerId, 'line')));
    expect(answers).toEqual(peers(40).map((peerId) => (peerId === peer(9) ? null : `party of ${peerId}`)));
    expect(readings.map(({ length }) => length)).toEqual([1, 16, 16, 7]);
  });

  it('makes one answer for one who asks several times before its turn', async () => {
    await Promise.all([turns.of(peer(1), 'line'), turns.of(peer(2), 'line'), turns.of(peer(2), 'line')]);
    expect(made).toBe(2);
  });

  it('reads again for one who asks again', async () => {
    await turns.of(peer(1), 'line');
    await turns.of(peer(1), 'line');
    expect(readings).toHaveLength(2);
  });

  it('makes no more than one answer before other work has its turn', async () => {
    const all = Promise.all(peers(20).map((peerId) => turns.of(peerId, 'line')));
    for (let before = 0; made < 19; before = made) {
      await otherWork();
      expect(made - before).toBeLessThanOrEqual(1);
    }
    await all;
  });

  it('lets no line wait for another one', async () => {
    const long = Promise.all(peers(100).map((peerId) => turns.of(peerId, 'long')));
    await turns.of(peer(200), 'short');
    expect(made).toBeLessThan(10);
    await long;
  });

  it('fails for those whose reading failed, and goes on', async () => {
    fails = true;
    await expect(turns.of(peer(1), 'line')).rejects.toThrow('away');
    fails = false;
    expect(await turns.of(peer(1), 'line')).toBe(`party of ${peer(1)}`);
  });
});
