import type { AgentEvent } from '../agent/agent-events';
import { pathReasons } from '../connection/explanation';
import { DEFAULT_NETWORK } from '#shared/party/virtual-ip';
import { peerFixture } from '../../../../test/fixtures/party';
import { renderEvent } from './event-rendering';

const bob = { ...peerFixture, name: 'Bob\u001b' };
const refused = {
  ...bob,
  connectionType: 'failed',
  reason: { code: 'forged', ...pathReasons.forged },
} as const;
const tunnel = { network: DEFAULT_NETWORK, missing: [], detail: null, strays: [], repairs: 1 };

describe('what happens in a party', () => {
  it.each<[AgentEvent, string[]]>([
    [{ event: 'peerJoined', data: bob }, ['Bob\ufffd joined, at 10.66.7.8']],
    [{ event: 'peerLeft', data: bob }, ['Bob\ufffd left']],
    [{ event: 'hostChanged', data: bob }, ['Bob\ufffd is the host now']],
    [{ event: 'connectionChanged', data: bob }, ['Bob\ufffd: connected via the relay']],
    [
      { event: 'stateChanged', data: { key: 'map', value: 'de\u001b', version: 3 } },
      ['map is de\ufffd (version 3)'],
    ],
    [{ event: 'stateChanged', data: { key: 'map', version: 4 } }, ['map was removed (version 4)']],
    [{ event: 'tunnelChanged', data: tunnel }, []],
    [
      { event: 'tunnelChanged', data: { ...tunnel, missing: ['route'] } },
      ['Nobody in the party can be reached, as the route to its network is missing.'],
    ],
    [{ event: 'controlLost', data: null }, ['The server cannot be reached. The game goes on without it.']],
    [{ event: 'controlConnected', data: null }, ['The server is back.']],
    [{ event: 'ended', data: null }, ['You left the party.']],
    [{ event: 'ended', data: { code: 'KICKED', message: 'You were removed.' } }, ['You were removed.']],
  ])('%j', (event, lines) => {
    expect(renderEvent(event)).toEqual(lines);
  });

  it('of somebody new who is refused, says why at once', () => {
    const [, why] = renderEvent({ event: 'peerJoined', data: refused });
    expect(why).toContain(pathReasons.forged.message);
  });
});
