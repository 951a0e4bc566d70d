/** What a doctor has to say of games that look for each other. Pure. */
import type { Diagnosis } from '../agent/local-api';
import type { DeafListener } from '../discovery/deaf-listeners';
import type { Finding } from './finding';

export function discoveryFindings({ status, deaf, broadcastFault }: Diagnosis): Finding[] {
  const party = status.status === 'in_party' ? status : null;
  if (!party?.discovery) return [];
  const { state, carries, detail } = party.discovery;
  const ownIp = party.party.peers.find(({ isSelf }) => isSelf)?.virtualIp ?? 'the address of the party';
  const faults = [
    ...(broadcastFault === null ? [] : [broadcastRefused(broadcastFault)]),
    ...deaf.map((listener) => deafFinding(listener, ownIp)),
  ];
  if (state === 'on') {
    const message = `Games find each other by themselves: ${carries}.`;
    return [...faults, { code: 'lan_games_found', severity: 'ok', message, advice: null }];
  }
  const message = `Games do not find each other by themselves: ${detail ?? 'not known why'}.`;
  const advice = "Type the host's party address into the game. Direct connections are not affected.";
  return [...faults, { code: 'lan_games_not_found', severity: 'warning', message, advice }];
}

function broadcastRefused(code: string): Finding {
  const isFirewall = code === 'EPERM' || code === 'EACCES';
  return {
    code: 'broadcast_refused',
    severity: 'warning',
    message: `This machine lets its games send no broadcasts (${code}), so their lists of LAN games stay empty.`,
    advice: isFirewall
      ? 'A firewall, or the "kill switch" of a VPN, drops them: allow UDP to 255.255.255.255. Or type the address that lanrage games shows.'
      : 'Type the address that lanrage games shows into the game.',
  };
}

function deafFinding({ port, address, why }: DeafListener, ownIp: string): Finding {
  switch (why) {
    case 'elsewhere':
      return {
        code: 'lan_listener_elsewhere',
        severity: 'warning',
        message: `A game on this machine listens only at UDP port ${port} of ${address}: neither the party nor answers to its own queries reach it.`,
        advice: `In the settings of that game, leave the address (bind, net_ip, network adapter) empty, or choose ${ownIp}; then start it again.`,
      };
    case 'group':
      return {
        code: 'lan_listener_group',
        severity: 'warning',
        message: `A game on this machine listens only at UDP port ${port} of the group ${address}: it does not hear of games in the party.`,
        advice: "Type the host's party address into it, or have it listen on all addresses, if it can.",
      };
    case 'shared':
      return {
        code: 'lan_listener_shared',
        severity: 'warning',
        message: `Several programs on this machine listen at UDP port ${port}: only one of them hears of games in the party.`,
        advice: 'Close those that you are not playing.',
      };
  }
}
