import { pino } from 'pino';
import { chooseUdpPorts } from '../../../apps/relay/src/udp/open';
import { openDgramPort } from '../../../apps/relay/src/udp/dgram-port';
import type { OpenUdpPort } from '../../../apps/relay/src/udp/udp-port';

/** On Linux, ports that fall back to node:dgram without a reason that is known fail the tests. */
async function loadBatching(): Promise<OpenUdpPort> {
  const open = await chooseUdpPorts(true, pino({ level: 'silent' }));
  if (process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch) && open === openDgramPort)
    throw new Error('this system should have recvmmsg');
  return open;
}

/** Each way of the relay's to read and send datagrams. */
export const udpKinds: readonly (readonly [name: string, load: () => Promise<OpenUdpPort>])[] = [
  ['recvmmsg', loadBatching],
  ['node:dgram', () => Promise.resolve(openDgramPort)],
];
