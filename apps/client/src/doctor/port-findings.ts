/** What a doctor has to say of a game's port, and of this machine's firewall. Pure. */
import type { Diagnosis } from '../agent/local-api';
import type { FirewallTool } from '../network/firewall/evaluation';
import { protocols, type Protocol } from '../network/guard/exposure';
import type { PortReport, PortState } from '../network/ports/port-report';
import type { Peer } from '../party/party';
import type { Finding } from './finding';

/** Whose port it is, in words. */
interface Owner {
  readonly isSelf: boolean;
  /** "Bob's machine", "this machine" */
  readonly machine: string;
  /** What a finding about it carries besides. */
  readonly finding: Pick<Finding, 'peer'>;
  readonly virtualIp: string;
}

const labels: Record<Protocol, string> = { tcp: 'TCP', udp: 'UDP' };

/** Findings about the port that doctor was asked to try; empty when it was asked for none. */
export function portFindings({ status, peerId, trial }: Diagnosis): Finding[] {
  if (!trial || status.status === 'no_party') return [];
  const peer = status.party.peers.find(({ id, isSelf }) => (peerId === null ? isSelf : id === peerId));
  if (!peer) return [];
  const owner = ownerOf(peer);
  const { port, tcp, told } = trial;
  if (tcp === 'connected') return [isOpen(owner, port)];
  if (told === null || told === 'busy') return [notTold(owner, trial)];
  const concerned = protocols.filter((protocol) => !['none', 'unknown'].includes(told[protocol].listener));
  if (concerned.length > 0)
    return concerned.map((protocol) => ofListener(owner, port, protocol, told[protocol], tcp));
  return [ofNobody(owner, port, told)];
}

/** A firewall of this machine that keeps other players from the games hosted here, though every path works. */
export function firewallFindings({ firewall, interfaceName }: Diagnosis): Finding[] {
  if (firewall?.state !== 'closed' || !firewall.by) return [];
  const { tool, table, chain } = firewall.by;
  const what = tool === 'nftables' ? `nftables, table ${table}` : tool;
  return [
    {
      code: 'firewall_closed',
      severity: 'warning',
      message: `The firewall of this machine (${what}) drops what other players send to games that you host here, except what its rules allow.`,
      advice: `To host, let it in: ${commandFor(tool, interfaceName, table, chain)}. LANRAGE_EXPOSE still says which ports they reach.`,
    },
  ];
}

function commandFor(tool: FirewallTool, interfaceName: string, table: string, chain: string): string {
  switch (tool) {
    case 'ufw':
      return `sudo ufw allow in on ${interfaceName}`;
    case 'firewalld':
      return `sudo firewall-cmd --permanent --zone=trusted --add-interface=${interfaceName}, then sudo firewall-cmd --reload`;
    case 'iptables':
      return `sudo iptables${table === 'filter' ? '' : ` -t ${table}`} -I ${chain} -i ${interfaceName} -j ACCEPT`;
    case 'nftables':
      return `sudo nft insert rule ${table} ${chain} iifname ${interfaceName} accept`;
  }
}

function ownerOf({ id, name, virtualIp, isSelf }: Peer): Owner {
  if (isSelf) return { isSelf, machine: 'this machine', finding: {}, virtualIp };
  return { isSelf, machine: `${name}'s machine`, finding: { peer: { id, name, virtualIp } }, virtualIp };
}

function isOpen({ machine, finding, virtualIp }: Owner, port: number): Finding {
  return {
    code: 'game_port_open',
    severity: 'ok',
    message: `TCP port ${port} of ${machine} accepts connections through the tunnel, at ${virtualIp}:${port}.`,
    advice: null,
    ...finding,
  };
}

function notTold({ machine, finding }: Owner, { port, tcp, told }: NonNullable<Diagnosis['trial']>): Finding {
  const tries = {
    refused: `${machine} refuses TCP connections to port ${port}: nothing listens there, or a firewall rejects them.`,
    unreachable: `TCP port ${port} of ${machine} cannot be reached: a firewall rejects connections.`,
    silent: `TCP port ${port} of ${machine} does not answer: a firewall drops packets to it.`,
    connected: '',
  };
  const why =
    told === 'busy'
      ? 'The agent there was asked too often. Wait a minute, then try again.'
      : 'The agent there does not say more: it is an older version, or offline.';
  const ownWord = `On that machine, sudo ./lanrage doctor --port ${port} tells what is wrong.`;
  const message = tcp === null ? `Nothing could be found out about port ${port} of ${machine}.` : tries[tcp];
  return {
    code: 'game_port_not_told',
    severity: 'warning',
    message,
    advice: `${why} ${ownWord}`,
    ...finding,
  };
}

function ofNobody({ machine, isSelf, finding }: Owner, port: number, told: PortReport): Finding {
  if (protocols.every((protocol) => told[protocol].entry === 'exposure'))
    return notExposed({ isSelf, machine, finding }, port);
  const isClosed = protocols.every((protocol) => told[protocol].entry === 'firewall');
  const besides = isClosed ? ' Its firewall would drop packets to that port, too.' : '';
  return {
    code: 'game_port_no_listener',
    severity: 'problem',
    message: `Nothing listens on port ${port} of ${machine}, neither TCP nor UDP.${besides}`,
    advice: isSelf
      ? 'Start the game as a server, and look up its port in its settings.'
      : "Have the player there start the game's server, or look up its port in its settings.",
    ...finding,
  };
}

function notExposed({ machine, isSelf, finding }: Omit<Owner, 'virtualIp'>, port: number): Finding {
  return {
    code: 'game_port_not_exposed',
    severity: 'problem',
    message: `LANrage itself keeps port ${port} of ${machine} closed to the party (LANRAGE_EXPOSE).`,
    advice: `${isSelf ? 'Start' : 'Have the player there start'} LANrage with LANRAGE_EXPOSE=${port}, or all.`,
    ...finding,
  };
}

function ofListener(
  owner: Owner,
  port: number,
  protocol: Protocol,
  { listener, entry }: PortState,
  tcp: NonNullable<Diagnosis['trial']>['tcp'],
): Finding {
  const { machine, isSelf, finding, virtualIp } = owner;
  const what = `the game at ${labels[protocol]} port ${port} of ${machine}`;
  if (listener === 'loopback' || listener === 'elsewhere') {
    const where =
      listener === 'loopback'
        ? '127.0.0.1 only, so nobody but that machine itself can reach it'
        : 'another address of that machine only, such as that of its home network';
    return {
      code: listener === 'loopback' ? 'game_port_loopback' : 'game_port_elsewhere',
      severity: 'problem',
      message: `${capitalized(what)} listens on ${where}.`,
      advice: `In the settings of that server, leave the address to listen on (bind, server-ip) empty, or set 0.0.0.0 or ${virtualIp}; then start it again.`,
      ...finding,
    };
  }
  if (entry === 'firewall') {
    return {
      code: 'game_port_firewalled',
      severity: 'problem',
      message: `A firewall on ${machine} drops packets to ${what}.`,
      advice: isSelf
        ? 'The command that opens it is below, at firewall_closed; or change the rule that names this port.'
        : 'Have the player there run sudo ./lanrage doctor: it says what to type.',
      ...finding,
    };
  }
  if (protocol === 'tcp' && tcp !== null) {
    return {
      code: 'game_port_no_answer',
      severity: 'problem',
      message: `${capitalized(what)} listens, and no firewall is known to drop packets to it, but it accepts no connection.`,
      advice:
        'If it runs in a container, LANRAGE_FORWARD=on lets the party in there. Otherwise a firewall that cannot be inspected may block it.',
      ...finding,
    };
  }
  return {
    code: 'game_port_open',
    severity: 'ok',
    message: `${capitalized(what)} listens on the address of the party${entry === 'open' ? ', and no firewall drops packets to it' : ''}.`,
    advice: null,
    ...finding,
  };
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
