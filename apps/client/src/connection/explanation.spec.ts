import { leader } from '../../../../test/path-runs';
import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { newAttempt } from './attempt';
import type { Evidence } from './causes';
import { explainPath, type Circumstances } from './explanation';
import { newPath, type PathState } from './path';

const endpoint = (text: string) => parseEndpoint(text) as Endpoint;
const relay = endpoint('192.0.2.1:52000');
const relayed: PathState = { ...newPath(0, leader), phase: 'relayed', relay };
const direct = (text: string): PathState => ({ ...relayed, phase: 'direct', direct: endpoint(text) });
const tried = (outcome: PathState['search']['outcome']): PathState => ({
  ...relayed,
  search: { ...relayed.search, outcome },
});

const evidence: Evidence = {
  server: 'there',
  own: 'relays',
  peer: 'relays',
  others: 'relays',
  isRelaying: false,
};
const serverAway = { evidence: { ...evidence, server: 'away' } } as const;
const peerAway = { evidence: { ...evidence, peer: 'away' } } as const;
const failed: PathState = { ...relayed, phase: 'failed' };
const usual: Circumstances = {
  path: relayed,
  directExpected: true,
  relayRefused: false,
  relayRefusal: 'no_relay',
  relayOutOfReach: false,
  peerDoubted: false,
  evidence,
  directAllowed: true,
  peerDirectAllowed: true,
};

describe('the reason for a path', () => {
  it.each<[string, Partial<Circumstances>]>([
    ['direct_local', { path: direct('192.168.1.7:40000') }],
    ['direct_local', { path: direct('[fd00::7]:40000') }],
    ['direct_internet', { path: direct('203.0.113.7:40000') }],
    ['direct_doubted', { path: direct('192.168.1.7:40000'), ...peerAway, peerDoubted: true }],
    ['preparing', {}],
    [
      'trying',
      {
        path: {
          ...relayed,
          attempt: newAttempt({ candidates: [], isFirst: true, isNeighbour: false }, 0),
        },
      },
    ],
    ['blocked', { path: tried('unanswered') }],
    ['nat_combination', { path: tried('unanswered'), directExpected: false }],
    ['lost', { path: tried('lost') }],
    ['slower', { path: tried('slower') }],
    ['one_way', { path: tried('one_way') }],
    ['server_away', { path: tried('lost'), ...serverAway }],
    ['peer_server_away', { path: tried('lost'), ...peerAway }],
    ['switched_off', { directAllowed: false, ...serverAway }],
    ['peer_switched_off', { peerDirectAllowed: false }],
    ['connecting', { path: newPath(0, leader) }],
    ['no_relay', { path: { ...newPath(0, leader), phase: 'failed' } }],
    [
      'relay_share_used_up',
      { path: { ...newPath(0, leader), phase: 'failed' }, relayRefusal: 'share_used_up' },
    ],
    ['relays_full', { path: { ...newPath(0, leader), phase: 'failed' }, relayRefusal: 'relays_full' }],
    ['relay_refused', { path: { ...newPath(0, leader), phase: 'failed' }, relayRefused: true }],
    ['no_ipv4', { path: failed, relayOutOfReach: true, ...peerAway }],
    ['no_relay', { path: { ...newPath(0, leader), phase: 'failed' }, ...peerAway }],
    ['peer_unknown', { path: { ...newPath(0, leader), phase: 'failed' }, ...serverAway }],
    ['relay_ports_closed', { path: failed }],
    ['peer_away', { path: failed, ...peerAway }],
    ['server_down', { path: failed, evidence: { ...evidence, server: 'away', own: 'nobody' } }],
    ['own_udp_blocked', { path: failed, evidence: { ...evidence, own: 'nobody' } }],
    ['peer_udp_blocked', { path: failed, evidence: { ...evidence, peer: 'nobody' } }],
    ['peer_no_ipv4', { path: failed, evidence: { ...evidence, peer: 'no_ipv4' } }],
  ])('%s', (code, circumstances) => {
    const reason = explainPath({ ...usual, ...circumstances });
    expect(reason.code).toBe(code);
    expect(reason.message).toMatch(/^[A-Z].*\.$/);
  });
});
