import type { Endpoint } from '#shared/endpoint';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { canConnectDirectly, natTypes } from '#shared/party/nat-type';
import { columnsOf, printable, renderError } from '#shared/terminal/text';
import { DEFAULT_NETWORK } from '#shared/party/virtual-ip';
import type { InParty } from '../agent/local-api';
import type { StunServerReport } from '../doctor/network-report';
import type { NatInfo } from '../nat/nat-traversal';
import type { Peer } from '../party/party';
import { renderConnection, renderNetcheck, renderPing, renderStatus, renderWelcome } from './rendering';
import { machineFixture, peerFixture, settingsFixture } from '../../../../test/fixtures/party';

const natInfo: NatInfo = {
  natType: 'symmetric',
  mapping: 'address_and_port_dependent',
  filtering: 'address_and_port_dependent',
  hairpinning: false,
  portPreservation: null,
  publicEndpoint: null,
  relayOnly: false,
  detectedAt: '2026-01-01T00:00:00.000Z',
  stunServers: [],
};
const peer = (changes: Partial<Peer>): Peer => ({
  ...peerFixture,
  virtualIp: '10.66.255.254',
  ...changes,
});
const inParty = (...peers: Peer[]): InParty => ({
  status: 'in_party',
  server: 'http://192.0.2.1:8080',
  party: {
    id: '0123456789ab' as PartyId,
    name: 'Gaming Night',
    ownerId: 'a'.repeat(16) as PeerId,
    settings: settingsFixture,
    network: DEFAULT_NETWORK,
    hostId: 'a'.repeat(16) as PeerId,
    createdAt: '2026-01-01T00:00:00.000Z',
    maxPeers: 8,
    peers,
  },
  peerCount: peers.length,
  natInfo,
  controlConnected: true,
  ...machineFixture,
});
const widest = (text: string) => Math.max(...text.split('\n').map(columnsOf));

const noAnswer = { code: 'no_answer' as const, message: 'No answer. '.repeat(12).trim(), advice: 'Try it.' };

describe('status', () => {
  const crowd = inParty(
    peer({ name: 'Alice', isSelf: true, isHost: true, connectionType: 'host' }),
    peer({ name: 'B'.repeat(50), latencyMs: 1234.5, latencyAgeMs: 2_345_678 }),
    peer({ name: 'Carol', latencyMs: 4.21, latencyAgeMs: 100, online: false }),
    peer({ name: 'Dave', connectionType: 'failed', reason: noAnswer }),
  );

  it('shows who is where, by which path, and how far away', () => {
    const lines = renderStatus(crowd).split('\n');
    expect(lines[0]).toContain('"Gaming Night" · party id 0123456789ab · 4 of at most 8 players');
    expect(lines).toContainEqual(expect.stringMatching(/^Alice \(you, host\) +10\.66\.255\.254$/));
    expect(lines).toContainEqual(
      expect.stringMatching(/^Carol \(offline\) +10\.66\.255\.254 +relayed +4\.2 ms$/),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^Dave +10\.66\.255\.254 +failed +–$/));
    expect(lines).toContainEqual(expect.stringMatching(/^Dave: No answer\./));
    expect(lines).toContainEqual('NAT type       symmetric: hard to connect');
  });

  it('says of whom the server has let go, though they answer', () => {
    const doubted = inParty(peer({ name: 'Erin', connectionType: 'direct', online: false, doubted: true }));
    expect(renderStatus(doubted)).toMatch(/^Erin \(timed out\) +10\.66\.255\.254 +direct/m);
  });

  it.each([
    [{ exposure: 'all' }, 'Exposed        everything that listens on this machine'],
    [{ exposure: 'games' }, "Exposed        ports of games, not those of this machine's services"],
    [{ exposure: '80/tcp,7777-7779/udp' }, 'Exposed        80/tcp, 7777-7779/udp'],
    [
      { exposure: 'all', forwarding: true },
      'Exposed        everything that listens on this machine, and what it forwards to',
    ],
    [{ state: 'off' as const, detail: 'nft is missing' }, 'Not guarded    nft is missing'],
  ])('says what the others reach on this machine: %j', (changes, line) => {
    const guard = { state: 'on' as const, exposure: 'all', forwarding: false, detail: null, ...changes };
    expect(renderStatus({ ...crowd, guard }).split('\n')).toContain(line);
  });

  it.each(['B'.repeat(50), '李'.repeat(50), '👨‍👩‍👧‍👦'.repeat(50), '🫠'.repeat(50)])(
    'fits 80 columns, whatever the names: %s',
    (name) => {
      const status = inParty(peer({ name }), peer({ name, isSelf: true, isHost: true, online: false }));
      status.party.name = name;
      expect(widest(renderStatus(status))).toBeLessThanOrEqual(80);
      // What is noted beside a name is not what is cut off.
      expect(renderStatus(status)).toContain('… (you, host, offline) ');
    },
  );

  it('shows a ping as a whole, however old', () => {
    const line = renderStatus(crowd)
      .split('\n')
      .find((text) => text.startsWith('BBB'));
    expect(line).toMatch(/relayed +1235 ms, 39 min ago$/);
  });

  it('shows which servers of games run in the party, and where', () => {
    const minecraft = {
      game: 'Minecraft',
      name: "Alice's \u001bWorld",
      virtualIp: '10.66.0.1',
      port: 54_321,
      ageSeconds: 1,
    };
    const openTtd = { ...minecraft, game: 'OpenTTD', name: null, port: 3_979 };
    const discovery = { ...machineFixture.discovery, servers: [minecraft, openTtd] };
    const lines = renderStatus({ ...crowd, discovery }).split('\n');
    expect(lines).toContain(
      `               ${printable("Minecraft: Alice's \u001bWorld")}, at 10.66.0.1:54321`,
    );
    expect(lines).toContain('               OpenTTD, at 10.66.0.1:3979');
  });

  it('says so when there is no party, no server, no STUN', () => {
    const alone = { ...natInfo, relayOnly: true };
    expect(
      renderStatus({
        status: 'no_party',
        peerCount: 0,
        server: 'http://192.0.2.1:8080',
        natInfo: alone,
        endedBecause: null,
      }),
    ).toMatch(/not in a party[^]*relay only/);
    expect(
      renderStatus({
        status: 'no_party',
        peerCount: 0,
        server: 'http://192.0.2.1:8080',
        natInfo: { ...alone, detectedAt: null },
        endedBecause: null,
      }),
    ).toContain('not examined');
    expect(renderStatus({ ...crowd, controlConnected: false })).toContain('The server cannot be reached');
  });
});

describe('names from elsewhere', () => {
  it.each([
    ['an escape sequence', 'Eve\u001b[2J'],
    ['a line break', 'Eve\nerror NOT_REALLY'],
    ['an override of direction', 'Eve\u202e'],
    ['a C1 control', 'Eve\u009b2J'],
  ])('cannot carry %s', (_name, name) => {
    const texts = [
      renderStatus(inParty(peer({ name }))),
      renderConnection(peer({ name })),
      renderPing({ name, virtualIp: '10.66.0.1', latencyMs: null }),
      renderError(new LanrageError('INTERNAL', { message: name })),
    ];
    for (const text of texts) {
      for (const character of ['\u001b', '\u009b', '\u202e', '\nerror'])
        expect(text).not.toContain(character);
    }
  });

  it('keep what people write', () => {
    expect(printable('Zoë 李 👩‍🚀')).toBe('Zoë 李 👩‍🚀');
  });
});

describe('the other answers', () => {
  it('welcome: what to tell friends, with the server where they need it', () => {
    const status = inParty(peer({ isSelf: true, isHost: true }));
    expect(renderWelcome(status, null)).toContain('lanrage join 0123456789ab --as THEIR_NAME\n');
    expect(renderWelcome(status, 'http://192.0.2.1:8080')).toContain('--server http://192.0.2.1:8080');
    expect(renderWelcome(status, null)).toContain('lanrage invite');
  });

  it('welcome shows a new host the link for friends before all else', () => {
    const link = 'http://192.0.2.1:8080/#join=AQ';
    const times = { createdAt: '2026-01-01T00:00:00.000Z', expiresAt: '2026-01-02T00:00:00.000Z' };
    const invite = { link, id: '3f9a01c2', maxUses: null, uses: 0, ...times };
    const lines = renderWelcome(inParty(peer({ isSelf: true, isHost: true })), null, invite).split('\n');
    expect(lines[0]).toBe(link);
    expect(lines).toContain('Revoke it with: lanrage uninvite 3f9a01c2');
  });

  it.each([{}, { sealed: true }, { locked: true }])('welcome proposes to a guest no link: %j', (settings) => {
    const status = inParty(peer({ isSelf: true }));
    status.party.settings = { ...settingsFixture, ...settings };
    expect(renderWelcome(status, null)).not.toContain('lanrage invite');
  });

  it('ping', () => {
    const pong = { name: 'Bob', virtualIp: '10.66.0.2' };
    expect(renderPing({ ...pong, latencyMs: 61.7 })).toBe('Bob (10.66.0.2): 62 ms');
    expect(renderPing({ ...pong, latencyMs: null })).toBe('Bob (10.66.0.2): no answer');
  });

  it('errors: code and sentence', () => {
    expect(renderError(new LanrageError('NOT_IN_PARTY'))).toMatch(
      /^error NOT_IN_PARTY: You are not in a party/,
    );
  });

  it('netcheck, with a server that is away', () => {
    const text = renderNetcheck({
      server: {
        url: 'http://192.0.2.1:8080',
        latencyMs: null,
        error: { code: 'CONTROL_UNAVAILABLE', message: 'The server does not answer. '.repeat(6).trim() },
      },
      relays: [],
      stunServers: [],
      refused: [],
      ipv4: { way: 'native', prefix: null },
      natInfo: { ...natInfo, relayOnly: true },
    });
    expect(text).toContain('http://192.0.2.1:8080: no answer');
    expect(text).toContain('CONTROL_UNAVAILABLE');
    expect(widest(text)).toBeLessThanOrEqual(80);
  });

  describe('netcheck', () => {
    const server = { url: 'http://192.0.2.1:8080', latencyMs: 12, error: null };
    const silent = [{ endpoint: '192.0.2.1:3478' as Endpoint, roundTripMs: null, relay: null }];
    const report = (changes: Partial<NatInfo>, stunServers: StunServerReport[] = []) =>
      renderNetcheck({
        server,
        relays: [],
        stunServers,
        refused: [],
        ipv4: { way: 'native', prefix: null },
        natInfo: { ...natInfo, ...changes },
      });

    it('tells the round trip to every STUN server, and whose it is', () => {
      const text = renderNetcheck({
        server,
        relays: [
          { id: 'fra-1', region: 'eu', roundTripMs: 31.2 },
          { id: 'n'.repeat(64), region: 'u\u001b'.repeat(16), roundTripMs: null },
        ],
        stunServers: [
          {
            endpoint: '192.0.2.1:3478' as Endpoint,
            roundTripMs: 31.2,
            relay: { id: 'fra\u001b-1', region: 'eu' },
          },
          { endpoint: '192.0.2.9:3478' as Endpoint, roundTripMs: null, relay: null },
        ],
        refused: ['169.254.169.254:3478' as Endpoint],
        ipv4: { way: 'nat64', prefix: '2001:db8:122:300::/56' },
        natInfo,
      });
      expect(text).toContain('Relays         fra-1 (eu): 31 ms\n               nnn');
      expect(widest(text)).toBeLessThanOrEqual(80);
      expect(text).not.toContain('\u001b');
      expect(text).toContain('STUN servers   192.0.2.1:3478 (relay fra\ufffd-1, eu): 31 ms\n');
      expect(text).toContain('\n               192.0.2.9:3478: no answer\n');
      expect(text).toContain("\nIPv4           by the network's NAT64, 2001:db8:122:300::/56\n");
    });

    it('tells what the NAT does', () => {
      const text = report({});
      expect(text).toContain('\nMapping        address and port dependent\n');
      expect(text).toContain('\nFiltering      address and port dependent\n');
      expect(text).toContain('\nHairpinning    no\nKeeps ports    unknown\n');
      expect(report({ hairpinning: true })).toContain('\nHairpinning    yes\n');
      expect(report({ mapping: 'none' })).not.toContain('Hairpinning');
      expect(report({ relayOnly: true })).not.toContain('Mapping');
      expect(report({ relayOnly: true }, silent)).toContain('this network blocks UDP');
      expect(report({ relayOnly: true })).toContain('No STUN server is known');
    });

    it.each([
      [
        { natType: 'restricted_cone', filtering: 'not_port_dependent' },
        'restricted_cone or more open: easy to connect',
      ],
      [
        { natType: 'port_restricted_cone', filtering: 'unknown' },
        'port_restricted_cone or more open: easy to connect',
      ],
      [{ natType: 'restricted_cone', filtering: 'address_dependent' }, 'restricted_cone: easy to connect'],
      [{ natType: 'symmetric', filtering: 'unknown' }, 'symmetric: hard to connect'],
      [{ natType: 'unknown', filtering: 'unknown' }, 'unknown'],
    ] as const)('says of a type how far it is known, and what it comes to: %j', (found, text) => {
      expect(report(found)).toContain(`\nNAT type       ${text}\n`);
    });

    // Worded from the same table that orders the attempts.
    it.each(natTypes)('promises to %s no more and no less than the table of NAT types', (natType) => {
      const text = report({ natType }).replace(/\s+/g, ' ');
      const reached = natTypes.filter((other) => canConnectDirectly(natType, other));
      expect(text.includes('directly with everybody.')).toBe(reached.length === natTypes.length);
      expect(text.includes('except players behind a symmetric NAT')).toBe(
        reached.includes('port_restricted_cone') && !reached.includes('symmetric'),
      );
      expect(text.includes('players whose NAT is open or full_cone')).toBe(reached.length === 2);
      expect(widest(report({ natType }))).toBeLessThanOrEqual(80);
    });
  });
});
