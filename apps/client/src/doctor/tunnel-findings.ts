/** What a doctor has to say of the party's interface among the machine's networks. Pure. */
import type { Diagnosis } from '../agent/local-api';
import type { TunnelInfo, TunnelPart } from '../network/routing/tunnel-state';
import type { Finding } from './finding';

const partNames: Record<TunnelPart, string> = {
  link: 'its interface is switched off',
  address: 'its interface has lost its address',
  route: 'the route to its network is missing',
};

/** Why nobody in the party is reached; null when nothing is missing. */
export function tunnelFault({ missing, detail }: TunnelInfo): string | null {
  if (missing.length === 0) return null;
  const because = detail === null ? '' : `: ${detail}`;
  return `Nobody in the party can be reached, as ${missing.map((part) => partNames[part]).join(', ')}${because}`;
}

export function tunnelFindings({ status }: Diagnosis): Finding[] {
  const tunnel = status.status === 'in_party' ? status.tunnel : null;
  if (!tunnel) return [];
  const fault = tunnelFault(tunnel);
  if (fault) {
    const advice =
      'Another program on this machine keeps removing it, or prevents LANrage from restoring it.';
    return [{ code: 'tunnel_broken', severity: 'problem', message: `${fault}.`, advice }];
  }
  const message = `The party has the network ${tunnel.network} on this machine.`;
  if (tunnel.repairs === 0) return [{ code: 'tunnel_whole', severity: 'ok', message, advice: null }];
  const times = tunnel.repairs === 1 ? 'once' : `${tunnel.repairs} times`;
  return [
    {
      code: 'tunnel_repaired',
      severity: 'info',
      message: `Another program on this machine removed part of the party's network ${times}; LANrage restored it.`,
      advice: 'If this keeps happening, configure that program to leave the interface alone.',
    },
  ];
}
