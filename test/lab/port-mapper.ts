/**
 * Debian's miniupnpd on the home router of a host: UPnP-IGD, NAT-PMP and PCP for its LAN. A router that has been told to
 * `rebind` shifts ports, those of its mappings too, so the two do not go together.
 */
import { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Host } from './host';
import { Namespace } from './namespace';
import { nft, runScript } from './script';

export interface PortMapperOptions {
  upnp?: boolean;
  /** NAT-PMP and PCP; miniupnpd has both or none. */
  pcp?: boolean;
  /** PCP is swallowed, as by routers that are older than it. */
  natPmpOnly?: boolean;
  /** Refuses every mapping; by PCP and NAT-PMP only after a minute of looking for a port. */
  deny?: boolean;
  /**
   * Maps nothing while its own address is not public, as miniupnpd does by itself. It takes the lab's public addresses for
   * what they are, reserved; so unless told it learns by STUN that its address is a public one, whatever it is.
   */
  strict?: boolean;
}

const table = 'port_mapper';
const stunPort = 3478;

export class PortMapper {
  private constructor(
    private readonly router: Namespace,
    private readonly daemon: ChildProcess,
  ) {}

  /** Starts without any mappings. */
  static async start(host: Host, options: PortMapperOptions): Promise<PortMapper> {
    const router = host.homeRouter;
    if (!router) throw new Error(`${host.name} has no router`);
    await runScript(nft(router.namespace, tableRules(options)));
    const stun = options.strict ? undefined : await startStun(router);
    // The default pid file would be one for all routers; where there can be none, it does without.
    const script = `exec miniupnpd -d -P /nonexistent/pid -f /dev/fd/3 3<<'END'\n${await configuration(router, options)}\nEND`;
    const daemon = router.spawn(['sh', '-c', script], { stdio: ['ignore', 'ignore', 'pipe'] });
    await untilListening(daemon, options);
    stun?.kill();
    return new PortMapper(router, daemon);
  }

  /** Ends it, and its mappings; flows that use one go on. */
  async stop(): Promise<void> {
    const ended = once(this.daemon, 'exit');
    this.daemon.kill();
    await ended;
    await runScript(nft(this.router.namespace, `delete table inet ${table}`));
  }

  /** What it has mapped: a rule for each mapping, as `nft list` shows it. */
  async mappings(): Promise<string[]> {
    const { stdout } = await this.router.exec([
      'nft',
      'list',
      'chain',
      'inet',
      table,
      'prerouting_miniupnpd',
    ]);
    return stdout.split('\n').filter((line) => line.includes('dnat'));
  }
}

/** miniupnpd fills three chains of one table; what it forwards the router accepts anyway, as it has been translated. */
function tableRules({ natPmpOnly }: PortMapperOptions): string {
  return `
table inet ${table}
delete table inet ${table}
table inet ${table} {
  chain input {
    type filter hook input priority filter;
    ${natPmpOnly ? 'udp dport 5351 @th,64,8 2 drop' : ''}
  }
  chain prerouting {
    type nat hook prerouting priority dstnat;
    jump prerouting_miniupnpd
  }
  chain prerouting_miniupnpd {
  }
  chain postrouting_miniupnpd {
  }
  chain miniupnpd {
  }
}`;
}

async function configuration(router: Namespace, options: PortMapperOptions): Promise<string> {
  const { upnp = false, pcp = false, deny = false, strict = false } = options;
  const yesNo = (value: boolean) => (value ? 'yes' : 'no');
  return [
    'ext_ifname=wan',
    'listening_ip=lan',
    'ipv6_disable=yes',
    'secure_mode=yes',
    `enable_upnp=${yesNo(upnp)}`,
    `enable_natpmp=${yesNo(pcp)}`,
    // Leases as short as a test can wait for.
    'min_lifetime=1',
    `upnp_table_name=${table}`,
    `upnp_nat_table_name=${table}`,
    ...(strict ? [] : ['ext_perform_stun=yes', `ext_stun_host=${await wanAddress(router)}`]),
    ...(deny ? ['deny 0-65535 0.0.0.0/0 0-65535'] : []),
  ].join('\n');
}

async function wanAddress(router: Namespace): Promise<string> {
  const { stdout } = await router.exec(['ip', '-4', '-brief', 'address', 'show', 'wan']);
  const [, address] = /([\d.]+)\/\d+/.exec(stdout) ?? [];
  if (!address) throw new Error(`No address on the router's wan: ${stdout}`);
  return address;
}

/** A STUN server on the router itself, which sees the address of its `wan`. */
async function startStun(router: Namespace): Promise<ChildProcess> {
  const server = router.spawn([process.execPath, join(__dirname, 'stun-server.mjs'), String(stunPort)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(server, 'message');
  return server;
}

async function untilListening(daemon: ChildProcess, { upnp, pcp }: PortMapperOptions): Promise<void> {
  const awaited = [upnp && 'HTTP listening on port', pcp && 'Listening for NAT-PMP'].filter(Boolean);
  let output = '';
  await new Promise<void>((resolve, reject) => {
    daemon.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // It goes on talking, and would stop if nobody listened.
      output = (output + text).slice(-65_536);
      if (awaited.every((line) => output.includes(String(line)))) resolve();
    });
    daemon.on('exit', () => reject(new Error(`miniupnpd ended: ${output}`)));
  });
}
