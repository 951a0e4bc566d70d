import type { Attack } from '../attack';
import { HostileServerLab } from './hostile-server-lab';

/** The player's own traffic to the Internet, in the kernel's routes and on real interfaces. */
export const capturedRoutes: Attack = {
  name: 'captured routes',
  attacker: 'server',
  needs: 'lab',
  async play() {
    const hostile = await HostileServerLab.create();
    try {
      const { player } = hostile;
      const before = await wayTo(player, '8.8.8.8');
      if (!before.includes(' via ')) throw new Error(`no way to 8.8.8.8: ${before}`);
      await hostile.joinLies({
        ownAddress: '8.8.4.66',
        members: [{ virtualIp: '8.8.8.8', relay: null }],
        stunEndpoints: [],
      });
      const { stdout: links } = await player.exec(['ip', '-br', 'link', 'show', 'up']);
      const isCaptured = (await wayTo(player, '8.8.8.8')) !== before || links.includes(player.interfaceName);
      return { tried: 1, through: isCaptured ? 1 : 0 };
    } finally {
      await hostile.close();
    }
  },
};

async function wayTo(player: HostileServerLab['player'], address: string): Promise<string> {
  const { stdout } = await player.exec(['ip', '-4', 'route', 'get', address]);
  return stdout;
}
