import { exposureIn, formatExposure, gamePorts, parseExposure, type Protocol } from './exposure';

const isGamePort = (protocol: Protocol, port: number) =>
  gamePorts[protocol].some(({ from, to }) => from <= port && port <= to);

describe('the ports that a player opens', () => {
  it.each([
    ['all', 'all'],
    ['games', 'games'],
    ['27015', '27015/tcp,27015/udp'],
    ['27015/udp, 7777-7779/udp', '7777-7779/udp,27015/udp'],
    ['1-65535/tcp', '1-65535/tcp'],
    // nft takes no ranges that overlap.
    ['80-90/tcp,85-95/tcp,96/tcp,98/tcp,82/tcp', '80-96/tcp,98/tcp'],
  ])('%s are read, and written as %s', (text, written) => {
    const exposure = parseExposure(text);
    expect(exposure && formatExposure(exposure)).toBe(written);
    expect(parseExposure(written)).toEqual(exposure);
  });

  it.each([
    '',
    'none',
    'ALL',
    '0',
    '65536',
    '90-80',
    '80/sctp',
    '80;drop',
    '80,',
    '80 accept }',
    '-1',
    '1-2-3',
    '123456',
    Array.from({ length: 65 }, (_, index) => index + 1).join(','),
  ])('are not %j', (text) => {
    expect(parseExposure(text)).toBeUndefined();
  });
});

describe('the ports of games', () => {
  it.each<[string, Protocol, number]>([
    ['Minecraft', 'tcp', 25_565],
    ['Minecraft Bedrock', 'udp', 19_132],
    ['Source engine', 'udp', 27_015],
    ['Source engine, a third server', 'udp', 27_017],
    ['Terraria', 'tcp', 7_777],
    ['Unreal', 'udp', 7_777],
    ['Factorio', 'udp', 34_197],
    ['Quake', 'udp', 27_960],
    ['Age of Empires II', 'tcp', 2_300],
    ['StarCraft', 'udp', 6_112],
    ['Valheim', 'udp', 2_456],
    ['OpenTTD', 'tcp', 3_979],
    ['answers to what this machine asks', 'tcp', 49_152],
  ])('are those of %s', (_game, protocol, port) => {
    expect(isGamePort(protocol, port)).toBe(true);
  });

  it.each<[string, Protocol, number]>([
    ['SSH', 'tcp', 22],
    ['Windows file sharing', 'tcp', 445],
    ['Docker', 'tcp', 2_375],
    ['MySQL', 'tcp', 3_306],
    ['remote desktop', 'tcp', 3_389],
    ['PostgreSQL', 'tcp', 5_432],
    ['VNC', 'tcp', 5_901],
    ['X11', 'tcp', 6_000],
    ['Redis', 'tcp', 6_379],
    ['Kubernetes', 'tcp', 6_443],
    ['a development server', 'tcp', 8_080],
    ["Node's inspector", 'tcp', 9_229],
    ['Elasticsearch', 'tcp', 9_200],
    ['MongoDB', 'tcp', 27_017],
    ['memcached', 'udp', 11_211],
    ['SSDP', 'udp', 1_900],
    ['mDNS', 'udp', 5_353],
  ])('are not those of %s', (_service, protocol, port) => {
    expect(isGamePort(protocol, port)).toBe(false);
  });
});

describe('what members reach', () => {
  it.each([
    [undefined, false, 'all'],
    [undefined, true, 'games'],
    ['all', true, 'all'],
    ['games', false, 'games'],
    ['80/tcp', true, '80/tcp'],
  ])('is, with the setting %s in a party of which public is %s: %s', (setting, isPublic, expected) => {
    expect(formatExposure(exposureIn(setting, isPublic))).toBe(expected);
  });
});
