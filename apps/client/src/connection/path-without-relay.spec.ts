import { assigned, counters, every100Ms, home, leader, run, silent } from '../../../../test/path-runs';
import { newPath, type PathInput } from './path';

describe('a path that no relay carries', () => {
  const order: PathInput = { type: 'attempt', candidates: [home], isFirst: true, isNeighbour: false };
  const knocked = counters({ ...silent, endpoint: home });
  const shaken = counters({ endpoint: home, handshakeAtMs: 1, rxBytes: 180, txBytes: 300 });

  it('asks for an attempt, and knocks when it is ordered', () => {
    const { commands } = run(newPath(0, leader), [
      ...every100Ms(100, 2_000, counters(undefined)),
      [2_050, order],
      [2_060, knocked],
      [2_500, knocked],
      [2_560, knocked],
    ]);
    expect(commands).toEqual(['2000 request_attempt changed', `2060 knock ${home}`, `2560 knock ${home}`]);
  });

  it('is direct as soon as the handshake is done, connecting or failed', () => {
    const ordered = run(newPath(0, leader), [
      [2_000, order],
      [2_010, knocked],
    ]).path;
    expect(run(ordered, [[2_060, shaken]]).path).toMatchObject({ phase: 'direct', direct: home });
    const failed = run(newPath(0, leader), [
      ...every100Ms(100, 10_000, counters(undefined)),
      [10_010, order],
      [10_020, knocked],
    ]).path;
    expect(failed.phase).toBe('failed');
    expect(run(failed, [[10_060, shaken]]).path).toMatchObject({ phase: 'direct', direct: home });
  });

  it('does not undo a handshake that the peer has begun', () => {
    const begun = counters({ ...silent, endpoint: home, rxBytes: 148 });
    const { commands } = run(newPath(0, leader), [
      [2_000, order],
      [2_010, knocked],
      [2_400, begun],
      [2_510, begun],
      [2_810, begun],
      [2_820, knocked],
    ]);
    expect(commands).toEqual([`2010 knock ${home}`, `2810 knock ${home}`]);
  });

  it('leaves the first second to the relay, and has it try again when nobody answered', () => {
    const { commands } = run(assigned, [[10, order], ...every100Ms(100, 3_100, counters(silent))]);
    expect(commands.slice(0, 2)).toEqual([`1000 knock ${home}`, `1100 knock ${home}`]);
    expect(commands.at(-1)).toBe('3100 handshake');
  });

  it('is left to nobody by WireGuard when there is no relay either', () => {
    const { commands, path } = run(newPath(0, leader), [
      [10, order],
      ...every100Ms(100, 3_100, counters(silent)),
    ]);
    expect(commands.at(-1)).toBe('3100 forget');
    expect(path.attempt).toBeNull();
  });
});
