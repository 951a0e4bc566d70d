import { machineFixture, peerFixture } from '../../../../test/fixtures/party';
import { renderDiscovery } from './discovery';
import { renderGames } from './games';

const server = {
  game: 'OpenArena',
  name: "Alice's Arena",
  virtualIp: '10.66.7.8',
  port: 27_960,
  ageSeconds: 3,
};

describe('lanrage games', () => {
  it('names game, server, player and the address to type', () => {
    const [, row] = renderGames([server], [peerFixture]).split('\n');
    expect(row).toMatch(/^OpenArena +Alice's Arena +Alice +10\.66\.7\.8:27960$/);
  });

  it('says what to do when there is none', () => {
    expect(renderGames([], [])).toContain('Open the list of LAN games in your game');
  });

  it('fits 80 columns, and prints nothing that names smuggle in', () => {
    const hostile = '\u001b[2J\nEve'.padEnd(60, 'e');
    const text = renderGames([{ ...server, game: hostile, name: hostile, port: 65_535 }], [peerFixture]);
    expect(text).not.toContain('\u001b');
    expect(text.split('\n')).toHaveLength(2);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('lanrage discovery', () => {
  const flow = {
    destination: '255.255.255.255',
    port: 27_960,
    carried: 4,
    copies: 12,
    repeated: 1,
    limited: 0,
  };

  it('counts what was carried, by where it was sent', () => {
    const text = renderDiscovery({ ...machineFixture.discovery, flows: [flow] });
    expect(text).toContain('LAN games      find each other (all games; 4 datagrams carried)');
    expect(text).toMatch(/^255\.255\.255\.255 +27960 +4 +12 +1 +0$/m);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('says why nothing is', () => {
    const off = { ...machineFixture.discovery, state: 'off' as const, carries: null, detail: 'needs Linux' };
    expect(renderDiscovery(off)).toContain('not found by others: needs Linux');
  });
});
