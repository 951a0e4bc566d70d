import type { StatusAnswer } from '../agent/local-api';
import { machineFixture, partyFixture } from '../../../../test/fixtures/party';
import { renderOverview } from './overview-rendering';

const natInfo = {
  natType: 'unknown',
  mapping: 'unknown',
  filtering: 'unknown',
  hairpinning: null,
  portPreservation: null,
  publicEndpoint: null,
  relayOnly: true,
  detectedAt: null,
  stunServers: [],
} as const;

function inParty(isHost: boolean): StatusAnswer {
  return {
    status: 'in_party',
    party: partyFixture(isHost),
    peerCount: 1,
    server: 'http://192.0.2.1:8080',
    natInfo,
    controlConnected: true,
    ...machineFixture,
  };
}

const overview = (status: StatusAnswer | null) =>
  renderOverview({ version: '1.2.3', server: 'http://192.0.2.1:8080', nickname: 'Alice', status });

describe('lanrage alone', () => {
  it.each<[string, StatusAnswer | null, string, string[]]>([
    [
      'without an agent',
      null,
      'No agent is running',
      ['create', 'host', 'join', 'parties', 'doctor', '--help'],
    ],
    [
      'in no party',
      { status: 'no_party', peerCount: 0, server: 'http://192.0.2.1:8080', natInfo, endedBecause: null },
      'You are not in a party.',
      ['create', 'host', 'join', 'parties', 'doctor', '--help'],
    ],
    [
      'as a host',
      inParty(true),
      'You are in "Gaming\ufffd Night", at 10.66.3.7: 1 of at most 8 players.',
      ['status', 'games', 'invite', 'leave', 'doctor', '--help'],
    ],
    ['as a guest', inParty(false), 'You are in', ['status', 'games', 'leave', 'doctor', '--help']],
  ])('%s says where one is, and what comes next', (_what, status, place, steps) => {
    const text = overview(status);
    expect(text).toMatch(/^LANrage 1\.2\.3 · server http:\/\/192\.0\.2\.1:8080 · you are Alice\n/);
    expect(text).toContain(place);
    expect([...text.matchAll(/^ {2}lanrage (\S+)/gm)].map(([, step]) => step)).toEqual(steps);
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80);
  });
});
