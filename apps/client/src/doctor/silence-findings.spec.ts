import type { Endpoint } from '#shared/endpoint';
import type { UdpReach } from '#shared/party/udp-reach';
import { peerFixture } from '../../../../test/fixtures/party';
import type { Diagnosis } from '../agent/local-api';
import { silenceFindings } from './silence-findings';

const stun = (endpoint: string, roundTripMs: number | null, relayId: string | null = 'fra-1') => ({
  endpoint: endpoint as Endpoint,
  roundTripMs,
  relay: relayId === null ? null : { id: relayId, region: 'eu' },
});
const silent = [stun('192.0.2.1:3478', null), stun('192.0.2.1:3479', null)];
/** A diagnosis with a member who gets answers from there. */
const besides = (member: UdpReach, own: UdpReach = 'nobody', online = true): Diagnosis => {
  const peers = [
    { ...peerFixture, udp: member, online },
    { ...peerFixture, isSelf: true, udp: 'relays' },
  ];
  return { udp: own, status: { status: 'in_party', party: { peers } } } as unknown as Diagnosis;
};

describe('a doctor to whom no relay answers', () => {
  it.each<[string, string, Parameters<typeof silenceFindings>]>([
    ['no agent that could say more', 'udp_undecided', [silent, true, null]],
    ['another player hears a relay', 'own_udp_blocked', [silent, true, besides('relays')]],
    ['another player hears none either', 'relays_unreachable', [silent, true, besides('nobody')]],
    [
      'another player heard one, and is away',
      'udp_undecided',
      [silent, true, besides('relays', 'nobody', false)],
    ],
    ['games go through the internet', 'relays_unreachable', [silent, true, besides('unknown', 'players')]],
    [
      'another STUN server answers',
      'relays_unreachable',
      [[...silent, stun('192.0.2.9:3478', 8, null)], true, null],
    ],
    ['the server is silent, too', 'server_down', [[stun('192.0.2.9:3478', null, null)], false, null]],
  ])('%s: %s', (_name, code, given) => {
    const [finding, ...others] = silenceFindings(...given);
    expect(finding).toMatchObject({ code, severity: 'problem' });
    expect(finding?.message).toContain(given[0][0]?.endpoint);
    expect(others).toEqual([]);
  });

  it.each([
    ['a relay answers', [...silent, stun('192.0.2.3:3478', 9, 'nyc-1')]],
    ['the only server that is known answers, and is no relay', [stun('192.0.2.9:3478', 9, null)]],
  ])('has nothing to say when %s', (_name, servers) => {
    expect(silenceFindings(servers, true, null)).toEqual([]);
  });
});
