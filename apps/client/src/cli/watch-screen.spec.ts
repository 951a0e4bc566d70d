import type { PartyId, PeerId } from '#shared/party/identity';
import { DEFAULT_NETWORK } from '#shared/party/virtual-ip';
import { pathReasons } from '../connection/explanation';
import type { Peer } from '../party/party';
import { eventKey, redraw, renderBlock, type Sight } from './watch-screen';
import { machineFixture, peerFixture, settingsFixture } from '../../../../test/fixtures/party';

const peer = (changes: Partial<Peer>): Peer => ({
  ...peerFixture,
  id: 'b'.repeat(16) as PeerId,
  name: 'Bob',
  latencyMs: 20,
  latencyAgeMs: 100,
  reason: { code: 'lost', ...pathReasons.lost },
  ...changes,
});
const natInfo = {
  natType: 'open',
  mapping: 'none',
  filtering: 'endpoint_independent',
  hairpinning: null,
  portPreservation: true,
  publicEndpoint: null,
  relayOnly: false,
  detectedAt: '2026-01-01T00:00:00.000Z',
  stunServers: [],
} as const;
const sight = (...peers: Peer[]): Sight => ({
  status: 'in_party',
  server: 'http://192.0.2.1:8080',
  party: {
    id: '0123456789ab' as PartyId,
    name: 'Gaming Night',
    hostId: 'a'.repeat(16) as PeerId,
    createdAt: '2026-01-01T00:00:00.000Z',
    maxPeers: 32,
    ownerId: 'a'.repeat(16) as PeerId,
    settings: settingsFixture,
    network: DEFAULT_NETWORK,
    peers,
  },
  peerCount: peers.length,
  natInfo,
  controlConnected: true,
  ...machineFixture,
});
const away: Sight = { status: 'no_agent' };
/** The lines on the screen, each with what clears its end, and what clears the rest. */
const parts = (text: string) => {
  expect(text.startsWith('\u001b[H')).toBe(true);
  const [lines = '', below] = text.slice(3).split(/(?=.\[\d+;1H)/);
  return { lines: lines.split('\n'), below };
};

describe('the screen of status --watch', () => {
  it('is written over from the top, each line to its end, then cleared to the bottom', () => {
    const { lines, below } = parts(redraw(sight(peer({})), '12:34:56', { columns: 80, rows: 24 }));
    expect(lines[0]).toContain('12:34:56 · every second · Ctrl-C ends');
    expect(lines.join('\n')).toContain('Bob: Via the relay: the direct path stopped working.');
    for (const line of lines) expect(line.endsWith('\u001b[K')).toBe(true);
    expect(below).toBe(`\u001b[${lines.length + 1};1H\u001b[J`);
  });

  it('clears nothing after a full line, nor below a full screen', () => {
    const { lines, below } = parts(redraw(sight(peer({})), '12:34:56', { columns: 39, rows: 3 }));
    expect(lines[0]).toBe('12:34:56 · every second · Ctrl-C ends\u001b[K');
    expect(lines).toHaveLength(3);
    expect(below).toBeUndefined();
    const [full] = parts(redraw(sight(peer({})), '12:34:56', { columns: 37, rows: 24 })).lines;
    expect(full).toBe('12:34:56 · every second · Ctrl-C ends');
  });

  it.each([
    [80, 24],
    [40, 10],
    [10, 3],
    [200, 60],
  ])('fits a terminal of %i columns and %i rows', (columns, rows) => {
    const crowd = sight(
      ...Array.from({ length: 31 }, (_, index) => peer({ name: `Guest ${index} ${'x'.repeat(30)}` })),
    );
    const lines = parts(redraw(crowd, '12:34:56', { columns, rows })).lines.map((line) =>
      line.replace('\u001b[K', ''),
    );
    expect(lines.length).toBeLessThanOrEqual(rows);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    expect(lines.at(-1)?.startsWith('…')).toBe(rows < 40);
  });

  it('lets no name write elsewhere', () => {
    const text = redraw(sight(peer({ name: '\u001b[2J\u009b2J\r' })), '12:34:56', { columns: 80, rows: 24 });
    expect(text).not.toContain('\u001b[2J');
    expect(text).not.toContain('\u009b');
    expect(text).not.toContain('\r');
  });

  it('says that there is no agent, and what happens then', () => {
    expect(redraw(away, '12:34:56', { columns: 80, rows: 24 })).toContain(
      'No agent is running. This continues',
    );
    expect(renderBlock(away, '12:34:56')).toMatch(/^12:34:56\nNo agent is running/);
  });
});

describe('what counts as an event', () => {
  const before = eventKey(sight(peer({})));

  it('not a ping', () => {
    expect(eventKey(sight(peer({ latencyMs: 500, latencyAgeMs: 9_000 })))).toBe(before);
  });

  it.each<[string, Sight]>([
    ['another path', sight(peer({ connectionType: 'direct' }))],
    ['another reason', sight(peer({ reason: { code: 'blocked', ...pathReasons.blocked } }))],
    ['somebody new', sight(peer({}), peer({ name: 'Carol' }))],
    ['an agent that is offline', sight(peer({ online: false }))],
    [
      'no party',
      { status: 'no_party', peerCount: 0, server: 'http://192.0.2.1:8080', natInfo, endedBecause: null },
    ],
    ['no agent', away],
  ])('%s', (_name, after) => {
    expect(eventKey(after)).not.toBe(before);
  });
});
