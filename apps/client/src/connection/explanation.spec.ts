import { parseEndpoint, type Endpoint } from '#shared/endpoint';
import { newAttempt } from './attempt';
import { explainPath, type Circumstances } from './explanation';
import { newPath, type PathState } from './path';

const endpoint = (text: string) => parseEndpoint(text) as Endpoint;
const relay = endpoint('192.0.2.1:52000');
const relayed: PathState = { ...newPath(0), phase: 'relayed', relay };
const direct = (text: string): PathState => ({ ...relayed, phase: 'direct', direct: endpoint(text) });
const tried = (outcome: PathState['search']['outcome']): PathState => ({
  ...relayed,
  search: { ...relayed.search, outcome },
});

const usual: Circumstances = {
  path: relayed,
  directExpected: true,
  controlConnected: true,
  peerOnline: true,
  directAllowed: true,
  peerDirectAllowed: true,
};

describe('the reason for a path', () => {
  it.each<[string, Partial<Circumstances>]>([
    ['direct_local', { path: direct('192.168.1.7:40000') }],
    ['direct_local', { path: direct('[fd00::7]:40000') }],
    ['direct_internet', { path: direct('203.0.113.7:40000') }],
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
    ['server_away', { path: tried('lost'), controlConnected: false }],
    ['peer_server_away', { path: tried('lost'), peerOnline: false }],
    ['switched_off', { directAllowed: false, controlConnected: false }],
    ['peer_switched_off', { peerDirectAllowed: false }],
    ['connecting', { path: newPath(0) }],
    ['no_relay', { path: { ...newPath(0), phase: 'failed' } }],
    ['no_answer', { path: { ...relayed, phase: 'failed' } }],
    ['peer_away', { path: { ...relayed, phase: 'failed' }, peerOnline: false }],
  ])('%s', (code, circumstances) => {
    const reason = explainPath({ ...usual, ...circumstances });
    expect(reason.code).toBe(code);
    expect(reason.message).toMatch(/^[A-Z].*\.$/);
  });
});
