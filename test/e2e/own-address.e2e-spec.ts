/** Which address a server announces by itself, on a machine with more than one. */
import { join } from 'node:path';
import { describeLab } from '../lab/available';
import { Lab } from '../lab/lab';
import { root } from './support/processes';

describeLab('the address that a server announces by itself', () => {
  it('is that of the default route, and not that of an interface which merely comes first', async () => {
    const lab = await Lab.create();
    try {
      const host = await lab.publicHost('server');
      const announced = async () => {
        const module = join(root, 'dist/libs/runtime/src/own-address.js');
        const script = `require('${module}').ownAddress().then(console.log)`;
        return (await host.exec([process.execPath, '-e', script])).stdout.trim();
      };
      expect(await announced()).toBe(host.address);
      for (const command of [
        'link add uplink type bridge',
        'address add 198.51.100.9/24 dev uplink',
        'link set uplink up',
        'route replace default via 198.51.100.1 dev uplink',
      ])
        await host.exec(['ip', ...command.split(' ')]);
      expect(await announced()).toBe('198.51.100.9');
    } finally {
      await lab.close();
    }
  }, 60_000);
});
