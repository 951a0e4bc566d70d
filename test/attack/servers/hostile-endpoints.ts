import { setTimeout as delay } from 'node:timers/promises';
import { UdpEndpoint } from '../../lab/udp-endpoint';
import type { Attack } from '../attack';
import { HostileServerLab } from './hostile-server-lab';

/** As long as an agent asks STUN servers, and tries the first handshakes. */
const LISTENING_MS = 3_000;
const PORT = 9_999;

/** A server on the Internet has the agent send to services of its own machine and home, as relays and STUN servers. */
export const hostileEndpoints: Attack = {
  name: 'endpoints nearer than the server',
  attacker: 'server',
  needs: 'lab',
  async play() {
    const hostile = await HostileServerLab.create();
    try {
      const { lab, player } = hostile;
      const neighbour = await lab.sameLanAs(player, 'carol');
      const router = player.homeRouter;
      if (!router || !player.lan) throw new Error('the player has no home');
      const places = [
        { host: player, address: '127.0.0.1' },
        { host: player, address: player.address },
        { host: neighbour, address: neighbour.address },
        { host: router, address: `${player.lan.prefix}.1` },
      ];
      const services = await Promise.all(
        places.map(({ host, address }) => UdpEndpoint.open(host, { address, port: PORT })),
      );
      const endpoints = services.map(({ endpoint }) => endpoint);
      await hostile.joinLies({
        ownAddress: '10.66.0.2',
        members: endpoints.map((relay, index) => ({ virtualIp: `10.66.1.${index + 2}`, relay })),
        stunEndpoints: endpoints,
      });
      await delay(LISTENING_MS);
      const heard = await Promise.all(services.map((service) => service.drain()));
      return { tried: services.length, through: heard.filter((datagrams) => datagrams.length > 0).length };
    } finally {
      await hostile.close();
    }
  },
};
