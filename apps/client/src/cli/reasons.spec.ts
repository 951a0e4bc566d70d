import type { PeerId } from '#shared/party/identity';
import { pathReasons, type PathReasonCode } from '../connection/explanation';
import type { ConnectionType, Peer } from '../party/party';
import { renderPacketLimits, renderReasons } from './reasons';
import { peerFixture } from '../../../../test/fixtures/party';

const peer = (
  name: string,
  code: PathReasonCode | null,
  connectionType: ConnectionType = 'relayed',
): Peer => ({
  ...peerFixture,
  id: name as PeerId,
  name,
  connectionType,
  reason: code && { code, ...pathReasons[code] },
});
const names = ['Bob', 'Carol', 'Dave', 'Eve', 'Frank', 'Grace', 'Heidi'];
const natSentence = pathReasons.nat_combination.message;

describe('packets that have to be smaller', () => {
  it('are named with the players on whose paths that is so', () => {
    const limits = [1_232, null, 1_088, 1_232];
    const peers = limits.map((packetLimit, index) => ({ ...peer(names[index] ?? '', null), packetLimit }));
    expect(renderPacketLimits(peers)).toEqual([
      'Bob and Eve: packets above 1232 bytes get lost, so LANrage sends smaller ones.',
      'Dave: packets above 1088 bytes get lost, so LANrage sends smaller ones.',
    ]);
    expect(renderPacketLimits([peer('Bob', null)])).toEqual([]);
  });
});

describe('why players are not connected directly', () => {
  it('one line for one player, and how to hear more', () => {
    expect(renderReasons([peer('Bob', 'nat_combination')])).toEqual([
      `Bob: ${natSentence}`,
      'More about it: lanrage doctor Bob',
    ]);
  });

  it('nothing about who is connected directly, or being connected, or the viewer', () => {
    const self = { ...peer('Me', 'no_relay', 'failed'), isSelf: true };
    const others = [peer('Bob', 'direct_local', 'direct'), peer('Eve', 'connecting', 'connecting')];
    expect(renderReasons([self, ...others, peer('New', null, 'unknown')])).toEqual([]);
  });

  it('one line each for up to five', () => {
    const lines = renderReasons(names.slice(0, 5).map((name) => peer(name, 'nat_combination')));
    expect(lines).toHaveLength(6);
    expect(lines.at(-1)).toBe('More about it: lanrage doctor');
  });

  it('one line for each reason when there are more', () => {
    const [first, second, ...rest] = names as [string, string, ...string[]];
    expect(
      renderReasons([
        peer(first, 'nat_combination'),
        peer(second, 'no_relay', 'failed'),
        ...rest.map((name) => peer(name, 'nat_combination')),
      ]),
    ).toEqual([
      `Bob, Dave and 4 others: ${natSentence}`,
      `Carol: ${pathReasons.no_relay.message}`,
      'More about it: lanrage doctor',
    ]);
    const pairs = names
      .slice(0, 6)
      .map((name, index) => peer(name, (['lost', 'trying', 'blocked'] as const)[index % 3] ?? 'lost'));
    expect(renderReasons(pairs)[0]).toBe(`Bob and Eve: ${pathReasons.lost.message}`);
  });

  it.each(['x'.repeat(50), '李'.repeat(50), 'Eve\u001b[2J\nBob: all is well\u202e'])(
    'at most 80 columns, on a line of its own: %j',
    (name) => {
      const codes = Object.keys(pathReasons) as PathReasonCode[];
      for (const code of codes) {
        const [line = '', ...more] = renderReasons([peer(name, code)]);
        expect(more).toHaveLength(1);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        expect(line.replace(/[\u4E00-\u9FFF]/g, '..').length).toBeLessThanOrEqual(80);
      }
    },
  );

  it.each(['$(reboot)', 'Bob Smith', '-x', '"', "it's", 'a;b'])(
    'offers no command with a name that a shell reads otherwise: %s',
    (name) => {
      expect(renderReasons([peer(name, 'lost')]).at(-1)).toBe('More about it: lanrage doctor 10.66.7.8');
    },
  );
});
