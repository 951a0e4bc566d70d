import { TestAgent } from '../../e2e/support/control-agent';
import type { Attack } from '../attack';
import { behindProxy, creator } from './server';

const addresses = [
  ...['127.0.0.1', '0.0.0.0', '224.0.0.1', '239.1.2.3', '255.255.255.255', '169.254.1.1', '10.66.0.1'],
  ...[
    '10.66.255.254',
    '192.0.0.1',
    '240.0.0.1',
    '[::1]',
    '[::]',
    '[ff02::1]',
    '[fe80::1]',
    '[::ffff:8.8.8.8]',
  ],
  ...['[64:ff9b::808:808]', '[2002:808:808::1]'],
];
const endpoints = [...addresses.map((address) => `${address}:40000`), '198.51.100.7:53', '198.51.100.7:1023'];
/** One that is shown, so that it is known that those above would be. */
const good = '198.51.100.7:40000';

/** Somebody says that it is reached where the others are to send packets for the attacker. */
export const falseEndpoints: Attack = {
  name: 'endpoints that no player can have',
  attacker: 'member',
  play: behindProxy({}, async ({ url }) => {
    const made = await creator(url, '192.0.2.1');
    if (!made) throw new Error('no party');
    const mallory = await TestAgent.signIn(url, 'Mallory');
    const shown = async () =>
      (await made.agent.get(made.id)).members.find(({ id }) => id === mallory.peerId)?.endpoint ?? null;
    const byJoin = async (endpoint: string) => {
      await mallory.leave(made.id);
      await mallory.tryJoin(made.id, 'Mallory', { presence: { endpoint } });
      return shown();
    };
    if ((await byJoin(good)) !== good) throw new Error('no endpoint is shown at all');
    const through: string[] = [];
    for (const endpoint of endpoints) if ((await byJoin(endpoint)) !== null) through.push(`join ${endpoint}`);
    await mallory.tryJoin(made.id, 'Mallory');
    const connection = await mallory.connect();
    for (const endpoint of endpoints) {
      await connection.ask('presence.update', { endpoint });
      if ((await shown()) !== null) through.push(`presence ${endpoint}`);
    }
    connection.close();
    return { tried: 2 * endpoints.length, through: through.length, note: through.join(', ') };
  }),
};
