import { readFile } from 'node:fs/promises';
import type { FirewallVerdict, TunnelPacket } from '../firewall/evaluation';
import { firewallVerdict, readFirewall } from '../firewall/firewall';
import { gamePorts, hasPort, parseExposure, type Protocol } from '../guard/exposure';
import type { GuardInfo } from '../guard/guard';
import { listenerOn, type SocketTables } from './listeners';
import type { Entry, PortReport, PortState } from './port-report';

/** This machine's end of the tunnel. */
export interface TunnelEnd {
  readonly interfaceName: string;
  readonly ownIp: string;
  readonly guard: GuardInfo | null;
}

/** What is so of a port of this machine for a packet from `source`, a virtual IP. */
export async function inspectPort(port: number, source: string, end: TunnelEnd): Promise<PortReport> {
  const [tables, firewall] = await Promise.all([readSocketTables(), readFirewall()]);
  const stateOf = (protocol: Protocol): PortState => {
    const { interfaceName, ownIp, guard } = end;
    const packet: TunnelPacket = { interfaceName, source, destination: ownIp, protocol, port };
    const entry: Entry = isExposed(guard, protocol, port)
      ? entryOf(firewallVerdict(firewall, packet))
      : 'exposure';
    return { listener: listenerOn(tables, protocol, port, ownIp), entry };
  };
  return { tcp: stateOf('tcp'), udp: stateOf('udp') };
}

/** What the firewalls do to what the party sends to ports that no rule names; to TCP and UDP, the stricter. */
export async function inspectFirewall(source: string, end: TunnelEnd): Promise<FirewallVerdict> {
  const firewall = await readFirewall();
  const { interfaceName, ownIp } = end;
  const [tcp, udp] = (['tcp', 'udp'] as const).map((protocol) =>
    firewallVerdict(firewall, { interfaceName, source, destination: ownIp, protocol, port: null }),
  );
  if (!tcp || !udp) throw new Error('two protocols give two verdicts');
  return [udp, tcp].find(({ state }) => state === 'closed') ?? (tcp.state === 'open' ? udp : tcp);
}

function entryOf({ state }: FirewallVerdict): Entry {
  return state === 'closed' ? 'firewall' : state;
}

/** A guard that is not in force closes nothing. */
function isExposed(guard: GuardInfo | null, protocol: Protocol, port: number): boolean {
  const exposure = guard?.state === 'on' ? parseExposure(guard.exposure) : 'all';
  if (exposure === undefined || exposure === 'all') return true;
  const ports = exposure === 'games' ? gamePorts : exposure;
  return hasPort(ports[protocol], port);
}

/** Empty for what cannot be read. */
export async function readSocketTables(): Promise<SocketTables> {
  const read = (name: string) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '');
  const [tcp, tcp6, udp, udp6] = await Promise.all(['tcp', 'tcp6', 'udp', 'udp6'].map(read));
  return { tcp: tcp ?? '', tcp6: tcp6 ?? '', udp: udp ?? '', udp6: udp6 ?? '' };
}
