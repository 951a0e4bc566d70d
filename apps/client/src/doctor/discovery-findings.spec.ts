import { machineFixture, peerFixture } from '../../../../test/fixtures/party';
import type { Diagnosis } from '../agent/local-api';
import { discoveryFindings } from './discovery-findings';

/** What is found in a diagnosis; it has no more than what matters here. */
const found = (changes: Partial<Diagnosis>) =>
  discoveryFindings({
    status: {
      status: 'in_party',
      party: { peers: [{ ...peerFixture, isSelf: true }] },
      ...machineFixture,
    },
    deaf: [],
    broadcastFault: null,
    ...changes,
  } as unknown as Diagnosis);

describe('what a doctor finds of games that look for each other', () => {
  it('is which ones do not hear of others, and what to choose in them', () => {
    const [elsewhere, group, shared, fine] = found({
      deaf: [
        { port: 27_960, address: '192.168.1.20', why: 'elsewhere' },
        { port: 4_445, address: '224.0.2.60', why: 'group' },
        { port: 6_112, address: '0.0.0.0', why: 'shared' },
      ],
    });
    expect(elsewhere).toMatchObject({ code: 'lan_listener_elsewhere', severity: 'warning' });
    expect(elsewhere?.message).toContain('port 27960 of 192.168.1.20');
    expect(elsewhere?.advice).toContain(peerFixture.virtualIp);
    expect(group).toMatchObject({ code: 'lan_listener_group', severity: 'warning' });
    expect(shared).toMatchObject({ code: 'lan_listener_shared', severity: 'warning' });
    expect(fine).toMatchObject({ code: 'lan_games_found', severity: 'ok' });
  });

  it.each([
    ['EPERM', 'kill switch'],
    ['ENETUNREACH', 'Type the address'],
  ])('is that the machine lets them ask nobody: %s', (broadcastFault, advice) => {
    const [finding] = found({ broadcastFault });
    expect(finding).toMatchObject({ code: 'broadcast_refused', severity: 'warning' });
    expect(finding?.message).toContain(broadcastFault);
    expect(finding?.advice).toContain(advice);
  });

  it('is nothing in no party', () => {
    const status = { status: 'no_party' } as Diagnosis['status'];
    expect(found({ status })).toEqual([]);
  });
});
