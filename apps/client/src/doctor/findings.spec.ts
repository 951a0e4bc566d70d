import type { Endpoint } from '#shared/endpoint';
import type { PartyId, PeerId } from '#shared/party/identity';
import { natTypes } from '#shared/party/nat-type';
import { DEFAULT_NETWORK } from '#shared/party/virtual-ip';
import type { Diagnosis, StatusAnswer } from '../agent/local-api';
import { pathReasons, type PathReasonCode } from '../connection/explanation';
import type { NatInfo } from '../nat/nat-traversal';
import type { PortMappingInfo } from '../nat/port-mapping';
import type { ConnectionType, Peer } from '../party/party';
import { renderFindings } from '../cli/doctor-rendering';
import type { Finding } from './finding';
import { findingsOf, isAnythingExamined, type AgentExamination } from './findings';
import type { NetcheckReport } from './network-report';
import { machineFixture, peerFixture, settingsFixture, unasked } from '../../../../test/fixtures/party';

const natInfo: NatInfo = {
  natType: 'port_restricted_cone',
  mapping: 'endpoint_independent',
  filtering: 'address_and_port_dependent',
  hairpinning: false,
  portPreservation: true,
  publicEndpoint: '203.0.113.7:51820' as Endpoint,
  relayOnly: false,
  detectedAt: '2026-01-01T00:00:00.000Z',
  stunServers: [],
};
const stun = (endpoint: string, roundTripMs: number | null, relayId: string | null = 'fra-1') => ({
  endpoint: endpoint as Endpoint,
  roundTripMs,
  relay: relayId === null ? null : { id: relayId, region: 'eu' },
});
const healthy: NetcheckReport = {
  server: { url: 'http://192.0.2.1:8080', latencyMs: 12, error: null },
  relays: [{ id: 'fra-1', region: 'eu', roundTripMs: 30 }],
  stunServers: [stun('192.0.2.1:3478', 31), stun('192.0.2.1:3479', 30)],
  refused: [],
  ipv4: { way: 'native', prefix: null },
  natInfo,
};
const refusing = (code: string): NetcheckReport => ({
  ...healthy,
  server: { ...healthy.server, latencyMs: null, error: { code, message: 'Do this.' } },
});
const withNat = (changes: Partial<NatInfo>): NetcheckReport => ({
  ...healthy,
  natInfo: { ...natInfo, ...changes },
});

/** No STUN server answers. */
const silent: NetcheckReport = {
  ...withNat({ relayOnly: true }),
  stunServers: [stun('192.0.2.1:3478', null), stun('192.0.2.1:3479', null)],
};

const reasonOf = (code: PathReasonCode) => ({ code, ...pathReasons[code] });
const peer = (name: string, connectionType: ConnectionType, reason: PathReasonCode | null): Peer => ({
  ...peerFixture,
  id: name.padEnd(16, '0') as PeerId,
  name,
  latencyMs: 61.7,
  latencyAgeMs: 100,
  connectionType,
  reason: reason && reasonOf(reason),
  pathEndpoint: '192.0.2.1:51900' as Endpoint,
  natType: 'symmetric',
});
const self: Peer = { ...peer('Me', 'host', null), isSelf: true, isHost: true };
const noParty: StatusAnswer = {
  status: 'no_party',
  peerCount: 0,
  server: 'http://192.0.2.1:8080',
  natInfo,
  endedBecause: null,
};
const inParty = (...others: Peer[]): StatusAnswer => ({
  status: 'in_party',
  server: 'http://192.0.2.1:8080',
  party: {
    id: '0123456789ab' as PartyId,
    name: 'Gaming Night',
    hostId: self.id,
    createdAt: self.joinedAt,
    maxPeers: 8,
    ownerId: 'a'.repeat(16) as PeerId,
    settings: settingsFixture,
    network: DEFAULT_NETWORK,
    peers: [self, ...others],
  },
  peerCount: others.length + 1,
  natInfo,
  controlConnected: true,
  ...machineFixture,
});
const mapping = (changes: Partial<PortMappingInfo>): PortMappingInfo => ({
  state: 'none',
  endpoint: null,
  protocol: null,
  gateway: null,
  detail: null,
  ...changes,
});
const progress = { sinceMs: 125_000, failedAttempts: 1, nextAttemptInMs: 35_000 };
const diagnosed = (changes: Partial<Diagnosis> = {}): Diagnosis => {
  const status = changes.status ?? inParty(peer('Bob', 'direct', 'direct_internet'));
  const peers = status.status === 'in_party' ? status.party.peers : [];
  return {
    status,
    settings: { server: healthy.server.url, direct: true, portMapping: true },
    controlConnected: true,
    controlFault: null,
    udp: 'relays',
    portMapping: mapping({ state: 'mapped', endpoint: '203.0.113.7:51820' as Endpoint, protocol: 'upnp' }),
    paths: Object.fromEntries(peers.map(({ id }) => [id, progress])),
    ...unasked,
    interfaceName: 'lanrage0',
    firewall: { state: 'open', by: null },
    ...changes,
  };
};
const running = (changes: Partial<Diagnosis> = {}): AgentExamination => ({
  state: 'running',
  diagnosis: diagnosed(changes),
});
const notRunning: AgentExamination = { state: 'not_running' };
const notAsked = (code: string): AgentExamination => ({
  state: 'not_asked',
  error: { code, message: 'Run this with sudo.' },
});

const summaryOf = (agent: AgentExamination, network = healthy) =>
  findingsOf({ agent, network }).map(({ severity, code }) => `${severity} ${code}`);
const finding = (code: string, agent: AgentExamination, network = healthy) =>
  findingsOf({ agent, network }).find((one) => one.code === code) as Finding;

describe('what a doctor finds', () => {
  it('nothing wrong', () => {
    expect(summaryOf(running())).toEqual([
      'ok direct_internet',
      'ok server_answers',
      'ok events_arrive',
      'ok nat_port_restricted_cone',
      'ok relay_answers',
      'ok port_mapped',
      'ok tunnel_whole',
      'ok guarded',
      'ok lan_games_found',
      'ok agent_running',
    ]);
  });

  it.each([
    [{ state: 'off' as const, detail: 'nft is missing' }, ['warning not_guarded']],
    [{ forwarding: true }, ['info forwarding_on', 'ok guarded']],
  ])('how the machine is guarded: %j', (changes, expected) => {
    const alone = inParty();
    if (alone.status !== 'in_party' || !alone.guard) throw new Error('no party');
    const found = summaryOf(running({ status: { ...alone, guard: { ...alone.guard, ...changes } } }));
    expect(found.filter((one) => /guarded|forwarding/.test(one))).toEqual(expected);
  });

  it.each([
    [{}, 'ok tunnel_whole'],
    [{ repairs: 2 }, 'info tunnel_repaired'],
    [{ repairs: 2, missing: ['route' as const], detail: 'ip: not permitted' }, 'problem tunnel_broken'],
  ])("how the party's interface stands: %j", (changes, expected) => {
    const alone = inParty();
    if (alone.status !== 'in_party' || !alone.tunnel) throw new Error('no party');
    const found = summaryOf(running({ status: { ...alone, tunnel: { ...alone.tunnel, ...changes } } }));
    expect(found.filter((one) => one.includes('tunnel'))).toEqual([expected]);
  });

  it.each<[string, AgentExamination, NetcheckReport, string]>([
    ['no agent', notRunning, healthy, 'info agent_not_running'],
    ["somebody else's agent", notAsked('PERMISSION_DENIED'), healthy, 'problem agent_not_asked'],
    ['an agent without a party', running({ status: noParty }), healthy, 'ok agent_running'],
    ['a server that is away', notRunning, refusing('CONTROL_UNAVAILABLE'), 'problem server_silent'],
    ['a server that says no', notRunning, refusing('RATE_LIMITED'), 'problem server_refuses'],
    ['events that do not arrive', running({ controlConnected: false }), healthy, 'warning events_missing'],
    [
      'a server that does not let the agent in',
      running({
        controlConnected: false,
        controlFault: { code: 'SERVER_NAME_UNKNOWN', message: 'Do that.' },
      }),
      healthy,
      'problem sign_in_refused',
    ],
    ['no STUN server', notRunning, { ...healthy, stunServers: [] }, 'problem no_stun_server'],
    [
      'a STUN server that is to be elsewhere',
      notRunning,
      { ...healthy, refused: ['169.254.169.254:3478' as Endpoint] },
      'problem stun_server_refused',
    ],
    [
      'none but STUN servers that are to be elsewhere',
      notRunning,
      { ...healthy, stunServers: [], refused: ['127.0.0.1:3478' as Endpoint] },
      'problem stun_server_refused',
    ],
    [
      'no STUN server, nor a server to name one',
      notRunning,
      { ...refusing('CONTROL_UNAVAILABLE'), stunServers: [] },
      'info nat_not_examined',
    ],
    ['an open network', notRunning, withNat({ natType: 'open' }), 'ok nat_open'],
    ['a symmetric NAT', notRunning, withNat({ natType: 'symmetric' }), 'warning nat_symmetric'],
    ['a symmetric NAT with a mapped port', running(), withNat({ natType: 'symmetric' }), 'ok nat_symmetric'],
    ['a NAT that hides', notRunning, withNat({ natType: 'unknown' }), 'info nat_unknown'],
    [
      'a relay that is silent beside one that is not',
      notRunning,
      { ...healthy, stunServers: [...healthy.stunServers, stun('192.0.2.9:3478', null, 'nyc-1')] },
      'warning relay_silent',
    ],
    [
      'a STUN server of the settings that is silent',
      notRunning,
      { ...healthy, stunServers: [...healthy.stunServers, stun('192.0.2.9:3478', null, null)] },
      'info stun_server_silent',
    ],
    ['nobody else', running({ status: inParty() }), healthy, 'info alone'],
    [
      'a player of this moment',
      running({ status: inParty(peer('Bob', 'unknown', null)) }),
      healthy,
      'info not_connected_yet',
    ],
  ])('%s', (_name, agent, network, expected) => {
    expect(summaryOf(agent, network)).toContain(expected);
  });

  it.each<[string, Partial<Diagnosis>, string]>([
    ['silence', { portMapping: mapping({}) }, 'info port_not_mapped'],
    ['a refusal', { portMapping: mapping({ state: 'refused' }) }, 'warning port_refused'],
    ['two NATs in a row', { portMapping: mapping({ state: 'double_nat' }) }, 'warning port_double_nat'],
    [
      'no wish for it',
      { settings: { server: '', direct: true, portMapping: false } },
      'info port_mapping_off',
    ],
    [
      'no wish for direct paths',
      { settings: { server: '', direct: false, portMapping: true } },
      'info direct_off',
    ],
    ['no party', { status: noParty }, 'info port_mapping_not_tried'],
  ])('a router asked for a port: %s', (_name, changes, expected) => {
    expect(summaryOf(running(changes))).toContain(expected);
  });

  it('makes little of a port that nobody needs', () => {
    const refused = running({ portMapping: mapping({ state: 'refused' }) });
    expect(finding('port_refused', refused, withNat({ natType: 'open' })).severity).toBe('info');
  });

  it.each<[PathReasonCode, ConnectionType, string, boolean]>([
    ['direct_local', 'direct', 'ok', false],
    ['direct_internet', 'direct', 'ok', false],
    ['connecting', 'connecting', 'info', false],
    ['preparing', 'relayed', 'info', true],
    ['trying', 'relayed', 'info', true],
    ['lost', 'relayed', 'info', true],
    ['nat_combination', 'relayed', 'warning', true],
    ['blocked', 'relayed', 'warning', true],
    ['server_away', 'relayed', 'info', false],
    ['peer_server_away', 'relayed', 'info', false],
    ['switched_off', 'relayed', 'info', false],
    ['peer_switched_off', 'relayed', 'info', false],
    ['no_relay', 'failed', 'problem', false],
    ['no_answer', 'failed', 'problem', false],
    ['peer_away', 'failed', 'problem', false],
  ])('of a player, %s: how bad, and when it is tried again', (code, connectionType, severity, isRetried) => {
    const bob = peer('Bob', connectionType, code);
    const { peer: of, path, ...found } = finding(code, running({ status: inParty(bob) }));
    expect(found).toEqual({ ...reasonOf(code), severity });
    expect(of).toEqual({ id: bob.id, name: 'Bob', virtualIp: bob.virtualIp });
    expect(path).toEqual({
      connectionType,
      online: true,
      endpoint: '192.0.2.1:51900',
      sinceMs: 125_000,
      latencyMs: 61.7,
      latencyAgeMs: 100,
      natType: 'port_restricted_cone',
      peerNatType: 'symmetric',
      directExpected: false,
      nextAttemptInMs: isRetried ? 35_000 : null,
    });
  });

  it('begins with what matters most, or with the player that was asked for', () => {
    const bob = peer('Bob', 'direct', 'direct_internet');
    const status = inParty(bob, peer('Carol', 'relayed', 'blocked'), peer('Dave', 'failed', 'no_answer'));
    const network = withNat({ natType: 'unknown' });
    const peersOf = (changes: Partial<Diagnosis>) =>
      findingsOf({ agent: running({ status, ...changes }), network }).map(
        (one) => one.peer?.name ?? one.severity,
      );
    expect(peersOf({}).slice(0, 3)).toEqual(['Dave', 'Carol', 'Bob']);
    expect(peersOf({ peerId: bob.id })).toEqual(['Bob', ...Array<string>(9).fill('ok')]);
  });

  it('narrow paths, on which nothing is wrong', () => {
    const status = inParty({ ...peer('Bob', 'direct', 'direct_internet'), packetLimit: 1_232 });
    const narrow = finding('narrow_path', running({ status }));
    expect(narrow).toMatchObject({ severity: 'info', peer: { name: 'Bob' } });
    expect(narrow.message).toContain('1232 bytes');
  });

  it('names a network without IPv4, and what translates to it', () => {
    const without = { ...withNat({ relayOnly: true }), ipv4: { way: 'none', prefix: null } } as const;
    expect(finding('no_ipv4', notRunning, without).advice).toContain('another network');
    const codes = findingsOf({ agent: notRunning, network: without }).map(({ code }) => code);
    expect(codes).not.toContain('udp_undecided');
    const translated = { ...healthy, ipv4: { way: 'nat64', prefix: '64:ff9b::/96' } } as const;
    expect(finding('nat64', notRunning, translated).message).toContain('64:ff9b::/96');
    expect(finding('nat_port_restricted_cone', notRunning, translated).severity).toBe('ok');
  });

  it('says what would change whatever is wrong', () => {
    const agents = [notAsked('NOT_FOUND'), running({ controlConnected: false })];
    const networks = [refusing('INTERNAL'), silent, withNat({ natType: 'symmetric' })];
    const all = agents.flatMap((agent) => networks.flatMap((network) => findingsOf({ agent, network })));
    const wrong = all.filter(({ severity }) => severity === 'problem' || severity === 'warning');
    expect(wrong.length).toBeGreaterThan(5);
    for (const { advice } of wrong) expect(advice).not.toBeNull();
    expect(finding('agent_not_asked', notAsked('NOT_FOUND')).advice).toContain('another version');
  });

  it('keeps the cause that was seen', () => {
    const controlFault = {
      code: 'CONTROL_UNAVAILABLE',
      message: 'A web page answers instead of the server.',
    };
    const deaf = running({ controlConnected: false, controlFault });
    expect(finding('events_missing', deaf).advice).toContain(controlFault.message);
    const refused = running({
      controlConnected: false,
      controlFault: { code: 'PROOF_REJECTED', message: 'Do that.' },
    });
    expect(finding('sign_in_refused', refused)).toMatchObject({
      message: expect.stringContaining('PROOF_REJECTED'),
      advice: 'Do that.',
    });
    expect(finding('server_silent', notRunning, refusing('CONTROL_UNAVAILABLE')).advice).toContain(
      'Do this.',
    );
  });

  it('knows when there was nothing to examine', () => {
    const nothing = { ...refusing('CONTROL_UNAVAILABLE'), natInfo: { ...natInfo, relayOnly: true } };
    expect(isAnythingExamined({ agent: notRunning, network: nothing })).toBe(false);
    expect(isAnythingExamined({ agent: running(), network: nothing })).toBe(true);
    expect(isAnythingExamined({ agent: notRunning, network: healthy })).toBe(true);
    expect(isAnythingExamined({ agent: notRunning, network: refusing('CONTROL_UNAVAILABLE') })).toBe(true);
  });
});

describe("a doctor's report", () => {
  const rendered = (agent: AgentExamination, network = healthy) =>
    renderFindings(findingsOf({ agent, network }));
  const relayed = running({ status: inParty(peer('Bob', 'relayed', 'nat_combination')) });

  it('says in the first line whether something is wrong', () => {
    expect(rendered(running())).toMatch(/^Nothing is wrong\.\n/);
    expect(rendered(relayed, { ...silent, natInfo: { ...silent.natInfo, natType: 'symmetric' } })).toMatch(
      /^1 problem, 1 warning\.\n/,
    );
    expect(
      rendered(
        running({ status: inParty(peer('Bob', 'failed', 'no_relay'), peer('Eve', 'failed', 'no_relay')) }),
      ),
    ).toMatch(/^2 problems\.\n/);
  });

  it('tells why a player is relayed, for how long, by where, and what comes next', () => {
    expect(rendered(relayed).replace(/\n +/g, ' ')).toContain(
      [
        'warning  Bob: Via the relay: the two routers do not let each other in. (nat_combination)',
        'Packets have been sent to 192.0.2.1:51900 for 2 min; a ping takes 62 ms.',
        'Your NAT is port_restricted_cone, theirs symmetric: a direct path is unlikely.',
        'LANrage looks for a direct path again in 35 s, or when something changes.',
        '→ One of the two would have to open its network',
      ].join(' '),
    );
  });

  it('names what is not known', () => {
    const lost = { ...peer('Bob', 'relayed', 'trying'), online: false, pathEndpoint: null, latencyMs: null };
    const progressNow = { ...progress, nextAttemptInMs: 0 };
    const text = rendered(running({ status: inParty(lost), paths: { [lost.id]: progressNow } }));
    expect(text.replace(/\n +/g, ' ')).toContain('There has been no path for 2 min; no ping was answered.');
    expect(text).toContain('Their agent is not connected to the server right now.');
    expect(text).toContain('LANrage is looking for a direct path now.');
  });

  it('fits 80 columns, and prints nothing that names smuggle in', () => {
    const hostile = 'Eve\u001b[2J\nproblem\u202e'.padEnd(50, 'e');
    const codes = Object.keys(pathReasons) as PathReasonCode[];
    const status = inParty(...codes.map((code) => peer(hostile, 'relayed', code)));
    const texts = [
      rendered(
        running({
          status,
          portMapping: mapping({ state: 'refused', gateway: '192.168.1.1', detail: hostile }),
        }),
      ),
      rendered(notAsked('PERMISSION_DENIED'), refusing('RATE_LIMITED')),
      ...natTypes.map((natType) => rendered(notRunning, withNat({ natType }))),
    ];
    for (const text of texts) {
      expect(text.replaceAll('\n', ' ')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(text).not.toContain('\nproblem\ufffd');
      expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
    }
  });
});
