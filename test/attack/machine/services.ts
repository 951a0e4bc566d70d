import { parseExposure } from '../../../apps/client/src/network/guard/exposure';
import { DEFAULT_NETWORK } from '#shared/party/virtual-ip';
import type { Attack } from '../attack';
import { reached, routeToVictim, serve, withNeighbours, type Neighbours } from './neighbours';

/** An address of the machine outside of the virtual LAN, such as that of a bridge to its containers. */
const OTHER_ADDRESS = '172.30.7.1';

interface Case {
  /** LANRAGE_EXPOSE */
  readonly exposure: string;
  /** What the player offers: shows that the tunnel carries what it should. */
  readonly open: readonly string[];
  readonly closed: readonly string[];
}

const cases: readonly Case[] = [
  {
    exposure: 'games',
    open: ['tcp/27015', 'udp/27015', 'udp/7777', 'tcp/25565'],
    closed: [
      'tcp/22',
      'tcp/445',
      'tcp/2375',
      'tcp/3306',
      'tcp/3389',
      'tcp/5432',
      'tcp/5900',
      'tcp/6379',
      'tcp/8080',
    ].concat('udp/137', 'udp/5353'),
  },
  {
    exposure: '27015,7777-7778/udp',
    open: ['tcp/27015', 'udp/27015', 'udp/7777'],
    closed: ['tcp/22', 'tcp/7777', 'tcp/25565', 'tcp/5432', 'udp/5353', 'udp/137'],
  },
  { exposure: 'all', open: ['tcp/22', 'tcp/5432', 'udp/5353'], closed: [] },
];

/** Services of the machine that the player does not offer, and all of them by addresses that are not the party's. */
export const services: Attack = {
  name: "services of a player's machine",
  attacker: 'member',
  needs: 'lab',
  play: () =>
    withNeighbours(async (neighbours) => {
      const { victim } = neighbours;
      await victim.ip('link', 'add', 'br-test', 'type', 'bridge');
      await victim.ip('address', 'add', `${OTHER_ADDRESS}/24`, 'dev', 'br-test');
      await victim.ip('link', 'set', 'br-test', 'up');
      await routeToVictim(neighbours, [`${OTHER_ADDRESS}/32`]);
      const ports = new Set(cases.flatMap(({ open, closed }) => [...open, ...closed]));
      await serve(
        victim.host,
        [...ports].map((port) => at('0.0.0.0', port)),
      );
      let tried = 0;
      const through: string[] = [];
      for (const one of cases) {
        const forbidden = [
          ...one.closed.map((port) => at(victim.virtualIp, port)),
          ...one.open.map(elsewhere),
        ];
        through.push(...(await tryCase(neighbours, one, forbidden)));
        tried += forbidden.length;
      }
      return { tried, through: through.length, note: through.join(' ') };
    }),
};

async function tryCase(
  neighbours: Neighbours,
  { exposure, open }: Case,
  forbidden: readonly string[],
): Promise<string[]> {
  const { victim } = neighbours;
  await victim.call('expose', parseExposure(exposure), DEFAULT_NETWORK);
  const allowed = open.map((port) => at(victim.virtualIp, port));
  const places = await reached(neighbours, [...allowed, ...forbidden]);
  const missing = allowed.filter((place) => !places.includes(place));
  if (missing.length > 0) throw new Error(`${exposure} does not let through ${missing.join(' ')}`);
  return places.filter((place) => forbidden.includes(place)).map((place) => `${exposure}: ${place}`);
}

/** @param port such as tcp/22 */
function at(address: string, port: string): string {
  return port.replace('/', `/${address}/`);
}

function elsewhere(port: string): string {
  return at(OTHER_ADDRESS, port);
}
