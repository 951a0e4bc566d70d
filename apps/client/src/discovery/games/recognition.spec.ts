import fc from 'fast-check';
import { isTaken } from '../../../../../test/classic-bpf';
import { Copy, numberOf } from '../packet';
import { gamesFilter } from './games-filter';
import { KnownServers } from './known-servers';
import { recognise } from './recognition';
import type { Shown, Sighting } from './sighting';

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
  );
const from = (sourcePort: number, payload: Buffer, destinationPort = 40_000): Shown => {
  return { sourcePort, destinationPort, payload };
};
const OUT_OF_BAND = [0xff, 0xff, 0xff, 0xff];
const pong = (text: string) =>
  bytes(
    [0x1c],
    Array<number>(16).fill(7),
    [...Buffer.from('00ffff00fefefefefdfdfdfd12345678', 'hex')],
    [0, text.length],
    text,
  );

/** Made from what is publicly known of each protocol. */
const vectors: Record<string, readonly [Shown, Sighting]> = {
  'Minecraft, opened to LAN': [
    from(50_000, bytes('[MOTD]Alice - New World[/MOTD][AD]54321[/AD]'), 4445),
    { game: 'Minecraft', name: 'Alice - New World', port: 54_321 },
  ],
  'Minecraft before 1.7, with an address': [
    from(50_000, bytes('[MOTD]Alice[/MOTD][AD]192.168.1.20:54321[/AD]'), 4445),
    { game: 'Minecraft', name: 'Alice', port: 54_321 },
  ],
  'Minecraft Bedrock': [
    from(19_132, pong('MCPE;Alice;594;1.20.12;1;8;1234;World;Survival;1;19140;19133;')),
    { game: 'Minecraft Bedrock', name: 'Alice', port: 19_140 },
  ],
  'another game that uses RakNet': [
    from(61_111, pong('')),
    { game: 'RakNet game', name: null, port: 61_111 },
  ],
  OpenArena: [
    from(
      27_960,
      bytes(
        OUT_OF_BAND,
        "infoResponse\n\\voip\\opus\\g_needpass\\0\\gamename\\Quake3Arena\\hostname\\^1Alice's ^7Arena\\protocol\\71",
      ),
    ),
    { game: 'Quake3Arena', name: "Alice's Arena", port: 27_960 },
  ],
  'Call of Duty, which does not say what it is': [
    from(28_960, bytes(OUT_OF_BAND, 'infoResponse\n\\protocol\\6\\hostname\\CoDHost\\mapname\\mp_carentan')),
    { game: 'Call of Duty', name: 'CoDHost', port: 28_960 },
  ],
  'Counter-Strike: Source': [
    from(
      27_015,
      bytes(OUT_OF_BAND, [0x49, 17], 'Alice\0de_dust2\0cstrike\0Counter-Strike: Source\0', [240, 0, 1, 16]),
    ),
    { game: 'Counter-Strike: Source', name: 'Alice', port: 27_015 },
  ],
  'Counter-Strike 1.6': [
    from(
      27_015,
      bytes(OUT_OF_BAND, [0x6d], '192.168.1.20:27015\0Alice\0de_dust2\0cstrike\0Counter-Strike\0', [1, 16]),
    ),
    { game: 'Counter-Strike', name: 'Alice', port: 27_015 },
  ],
  'Teeworlds 0.6': [
    from(8303, bytes(Array<number>(10).fill(0xff), 'inf3', '17\x000.6.5\0Alice\0dm1\0DM\0')),
    { game: 'Teeworlds', name: 'Alice', port: 8303 },
  ],
  'Teeworlds 0.7': [
    from(
      8303,
      bytes(
        [0x21, 1, 2, 3, 4, 5, 6, 7, 8],
        OUT_OF_BAND,
        'inf3',
        [0x81, 0x02],
        '0.7.5\0Alice\0host\0dm1\0DM\0',
      ),
    ),
    { game: 'Teeworlds', name: 'Alice', port: 8303 },
  ],
  Freeciv: [
    from(50_000, bytes([2], 'alice\x005556\x003.0.6\x000\x001\x001\0Civilization for two\0'), 4556),
    { game: 'Freeciv', name: 'Civilization for two', port: 5556 },
  ],
  'Chocolate Doom': [
    from(2342, bytes([0, 14], 'Chocolate Doom 3.0.0\0', [0, 0, 8, 0, 0], 'Unnamed server\0')),
    { game: 'Chocolate Doom', name: 'Unnamed server', port: 2342 },
  ],
  Terraria: [
    from(50_000, bytes([0xf2, 0x03, 0, 0, 0x61, 0x1e, 0, 0, 5], 'World', [5], 'Alice'), 8888),
    { game: 'Terraria', name: 'World', port: 7777 },
  ],
  'Warcraft III': [
    from(
      6112,
      bytes(
        [0xf7, 0x30, 60, 0],
        'PX3W',
        [26, 0, 0, 0, 1, 0, 0, 0, 9, 9, 9, 9],
        'Alice\0',
        [0],
        'settings\0',
        [2, 0, 0, 0, 0xe0, 0x17],
      ),
      6112,
    ),
    { game: 'Warcraft III', name: 'Alice', port: 6112 },
  ],
  OpenTTD: [from(3979, bytes([5, 0, 1, 6, 0])), { game: 'OpenTTD', name: null, port: 3979 }],
  'OpenTTD from 12 on': [from(3979, bytes([3, 0, 1])), { game: 'OpenTTD', name: null, port: 3979 }],
  Sauerbraten: [
    from(28_784, bytes([1, 2, 5, 0x80, 4, 1, 3, 0x80, 0x58, 2, 16, 0], 'complex\0Alice\0')),
    { game: 'Sauerbraten', name: 'Alice', port: 28_785 },
  ],
  'Sauerbraten, paused': [
    from(28_784, bytes([0x81, 9, 9, 9, 0, 2, 7, 0x80, 4, 1, 3, 0, 16, 0, 1, 100], 'complex\0Alice\0')),
    { game: 'Sauerbraten', name: 'Alice', port: 28_785 },
  ],
  AssaultCube: [
    from(28_778, bytes([1, 0x80, 0x6c, 4, 5, 2, 12], 'ac_desert\0\f3Alice\0', [16, 0])),
    { game: 'AssaultCube', name: 'Alice', port: 28_763 },
  ],
  'AssaultCube, asked with a second number': [
    from(28_778, bytes([1, 0, 0x80, 0x6c, 4, 5, 2, 12], 'ac_desert\0Alice\0', [16, 0])),
    { game: 'AssaultCube', name: 'Alice', port: 28_763 },
  ],
  SuperTuxKart: [
    from(2_757, bytes([0, 0, 0, 6, 5], 'Alice', [8, 1, 0x0a, 0xc7, 2, 3, 0, 0])),
    { game: 'SuperTuxKart', name: 'Alice', port: 2_759 },
  ],
  OpenRA: [
    from(
      35_891,
      bytes([0, 13], 'OpenRALANGame', [0x30, 0x39, 0, 42], 'Game:\n\tName: Alice\n\tAddress: 0.0.0.0:1234\n'),
    ),
    { game: 'OpenRA', name: 'Alice', port: 1_234 },
  ],
  'Stardew Valley': [
    from(24_642, bytes([0x89, 0, 0, 40, 0], '1.5.6')),
    { game: 'Stardew Valley', name: null, port: 24_642 },
  ],
  'another game that uses Lidgren': [
    from(14_242, bytes([0x89, 0, 0, 8, 0], 'x')),
    { game: 'Lidgren game', name: null, port: 14_242 },
  ],
  'Unreal Tournament 2004': [
    from(
      7_778,
      bytes(
        [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0x61, 0x1e, 0, 0, 0x62, 0x1e, 0, 0, 10],
        '\u001b\u0001\u0001\u0001Alice\0',
        [9],
        'DM-Rankin\0',
      ),
    ),
    { game: 'Unreal Tournament 2004', name: 'Alice', port: 7_777 },
  ],
  Halo: [
    from(2_302, bytes([0, 1, 2, 3, 4], 'hostname\0Alice\0hostport\x002303\0game_classic\x000\0')),
    { game: 'Halo', name: 'Alice', port: 2_303 },
  ],
  'ARMA 2': [
    from(
      2_303,
      bytes([0, 1, 2, 3, 4], 'splitnum\0\x80\0hostname\0Alice\0gamename\0arma2oapc\0hostport\x002302\0'),
    ),
    { game: 'arma2oapc', name: 'Alice', port: 2_302 },
  ],
  'a game that uses DirectPlay 8': [
    from(
      6_073,
      bytes(
        [0, 3, 7, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0, 0, 0, 0x40, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0],
        [0x58, 0, 0, 0, 12, 0, 0, 0],
        Array<number>(56).fill(0),
        'A\0l\0i\0c\0e\0\0\0',
      ),
    ),
    { game: 'DirectPlay game', name: 'Alice', port: 6_073 },
  ],
  'Unreal Engine 4': [
    from(14_001, bytes([11, 1, 0, 0, 0, 9], 'SR', [1, 2, 3, 4, 5, 6, 7, 8]), 14_001),
    { game: 'Unreal Engine game', name: null, port: 7_777 },
  ],
};
const cases = Object.entries(vectors);

describe('a server that shows itself', () => {
  it.each(cases)('%s', (_what, [shown, sighting]) => {
    expect(recognise(shown)).toEqual(sighting);
  });

  it.each(cases)('%s: is let through by the kernel', (_what, [shown]) => {
    const copy = new Copy({ ...shown, source: 1, destination: 2 }, numberOf('10.66.0.2'));
    expect(isTaken(gamesFilter(), copy.aimedAt(numberOf('10.66.0.1')))).toBe(true);
  });

  it.each(cases)('%s: harms nobody when it is cut short', (_what, [shown]) => {
    for (let length = 0; length < shown.payload.length; length++)
      recognise({ ...shown, payload: shown.payload.subarray(0, length) });
  });

  it.each([
    ['a question of Quake III', from(40_000, bytes(OUT_OF_BAND, 'getinfo xxx'), 27_960)],
    ['a question of Source', from(40_000, bytes(OUT_OF_BAND, 'TSource Engine Query\0'), 27_015)],
    ['a game under way', from(27_960, bytes([1, 0, 0, 0], 'movement'))],
    ['a port that there is not', from(50_000, bytes('[MOTD]Alice[/MOTD][AD]70000[/AD]'), 4445)],
    ['what begins as one of Lidgren does', from(50_000, bytes([0x89, 0, 0, 8, 0], 'movement'))],
    ['nothing', from(2342, bytes(''))],
  ])('is not seen in %s', (_what, shown) => {
    expect(recognise(shown)).toBeNull();
  });

  it('is nothing in noise, which harms nobody', () => {
    const port = fc.constantFrom(
      2342,
      2757,
      3979,
      4445,
      4556,
      6112,
      8303,
      8888,
      19_132,
      27_015,
      28_778,
      28_784,
      35_891,
    );
    fc.assert(
      fc.property(port, port, fc.uint8Array({ maxLength: 80 }), (sourcePort, destinationPort, noise) => {
        const sighting = recognise({ sourcePort, destinationPort, payload: Buffer.from(noise) });
        expect(sighting?.name?.length ?? 0).toBeLessThanOrEqual(60);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the filter of games', () => {
  const taken = (payload: Buffer, sourcePort = 27_960) => {
    const shown = { ...from(sourcePort, payload, 27_960), source: 1, destination: 2 };
    return isTaken(gamesFilter(), new Copy(shown, 3).aimedAt(4));
  };

  it.each([
    ['movements', bytes([1, 0, 0, 0, 9])],
    ['less than it looks at', bytes([1])],
    ['nothing', bytes('')],
  ])('leaves %s to the kernel', (_what, payload) => {
    expect(taken(payload)).toBe(false);
  });

  it('leaves TCP and fragments to the kernel', () => {
    const packet = new Copy({ ...from(2342, bytes('x')), source: 1, destination: 2 }, 3).aimedAt(4);
    expect(isTaken(gamesFilter(), packet)).toBe(true);
    packet.writeUInt8(6, 9);
    expect(isTaken(gamesFilter(), packet)).toBe(false);
    packet.writeUInt8(17, 9);
    packet.writeUInt16BE(0x2000, 6);
    expect(isTaken(gamesFilter(), packet)).toBe(false);
  });
});

describe('the servers of a party', () => {
  const arena: Sighting = { game: 'OpenArena', name: 'Arena', port: 27_960 };
  const everybody = () => true;

  it('are listed with the player who has them, and forgotten after ten minutes', () => {
    const servers = new KnownServers();
    servers.see('10.66.0.2', arena, 0);
    servers.see('10.66.0.2', { ...arena, name: 'Renamed' }, 30_000);
    expect(servers.list(everybody, 60_000)).toEqual([
      { ...arena, name: 'Renamed', virtualIp: '10.66.0.2', ageSeconds: 30 },
    ]);
    expect(servers.list(() => false, 60_000)).toEqual([]);
    expect(servers.list(everybody, 700_000)).toEqual([]);
  });

  it('are eight of one player at most, who cannot push out those of others', () => {
    const servers = new KnownServers();
    servers.see('10.66.0.3', arena, 0);
    for (let port = 1; port <= 100; port++) servers.see('10.66.0.2', { ...arena, port }, port);
    const listed = servers.list(everybody, 200);
    expect(listed).toHaveLength(9);
    expect(listed.filter(({ virtualIp }) => virtualIp === '10.66.0.3')).toHaveLength(1);
    expect(listed.map(({ port }) => port)).toContain(100);
  });
});
