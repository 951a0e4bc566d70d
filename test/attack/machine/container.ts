import type { Namespace } from '../../lab/namespace';
import { runScript } from '../../lab/script';
import type { Attack } from '../attack';
import { reached, routeToVictim, serve, withNeighbours, type Neighbours } from './neighbours';

const NETWORK = '172.30.0.0/24';
const MACHINE = '172.30.0.1';
const CONTAINER = '172.30.0.2';
const places = [`tcp/${CONTAINER}/80`, `tcp/${CONTAINER}/27015`, `udp/${CONTAINER}/27015`];
/** Published as container engines do it: by translating the destination. */
const published = ['tcp/10.66.0.1/8000'];

/** What lies behind a machine that forwards packets, as one with containers does. */
export const container: Attack = {
  name: "containers behind a player's machine",
  attacker: 'member',
  needs: 'lab',
  play: () =>
    withNeighbours(async (neighbours) => {
      const inside = await startContainer(neighbours);
      await routeToVictim(neighbours, [NETWORK]);
      const through = await reached(neighbours, [...places, ...published]);
      const outwards = await canCallOut(inside, neighbours);
      return {
        tried: places.length + published.length + 1,
        through: through.length + (outwards ? 1 : 0),
        note: [...through, ...(outwards ? ['from the container to a member'] : [])].join(' '),
      };
    }),
};

async function startContainer({ victim, lab }: Neighbours): Promise<Namespace> {
  const { namespace } = victim.host;
  // A host of the lab is no more than a namespace; this one gets a link to the victim alone.
  const inner = await lab.publicHost('container');
  await runScript(`
    ip -n ${namespace} link add br-test type veth peer name inner netns ${inner.namespace}
    ip -n ${namespace} address add ${MACHINE}/24 dev br-test
    ip -n ${namespace} link set br-test up
    ip -n ${inner.namespace} address add ${CONTAINER}/24 dev inner
    ip -n ${inner.namespace} link set inner up
    ip -n ${inner.namespace} route replace 10.66.0.0/16 via ${MACHINE}
    ip netns exec ${namespace} sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
    ip netns exec ${namespace} nft 'table ip published { chain prerouting { type nat hook prerouting priority -100; tcp dport 8000 dnat to ${CONTAINER}:80; }; }'
  `);
  await serve(inner, places);
  // The player's own machine reaches it.
  const { code } = await victim.host.exec(['ping', '-c', '1', '-W', '2', CONTAINER]);
  if (code !== 0) throw new Error('the container is not there');
  return inner;
}

async function canCallOut(inside: Namespace, { member }: Neighbours): Promise<boolean> {
  const { code } = await inside.exec(['ping', '-c', '1', '-W', '1', member.virtualIp]);
  return code === 0;
}
