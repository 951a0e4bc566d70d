/**
 * ```
 * alice ── server ── bob
 * ```
 * Three namespaces and two links. Whatever the server does, interrupts included, it does on a processor of its own;
 * alice, bob and the generator have the other one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { Guardian, newLabId, sweepDeadLabs } from '../../lab/cleanup';
import { Namespace } from '../../lab/namespace';
import { forwardPackets, ip, runScript } from '../../lab/script';

export const cpus = { own: 0, measured: 1 } as const;

/** From the networks of RFC 5737. Players reach the server at the first of its addresses. */
export const addresses = {
  alice: '192.0.2.2',
  server: '192.0.2.1',
  bob: '198.51.100.2',
  serverTowardsBob: '198.51.100.1',
} as const;

export class RelayLab {
  private constructor(
    readonly alice: Namespace,
    readonly server: Namespace,
    readonly bob: Namespace,
    private readonly guardian: Guardian,
    /** The kernel's thread of the measured processor for interrupts that come too thick to be served at once. */
    readonly interruptThread: number,
  ) {}

  static async create(): Promise<RelayLab> {
    await sweepDeadLabs();
    const id = newLabId();
    const guardian = new Guardian(id);
    const [alice, server, bob] = ['alice', 'server', 'bob'].map((name) => id.namespacePrefix + name);
    if (!alice || !server || !bob) throw new Error('three names make three names');
    await runScript(
      ip(
        null,
        [alice, server, bob].map((name) => `netns add ${name}`),
      ) +
        linkScript(alice, addresses.alice, server, 'to-alice', addresses.server) +
        linkScript(bob, addresses.bob, server, 'to-bob', addresses.serverTowardsBob) +
        forwardPackets(server) +
        interruptsScript(server, ['to-alice', 'to-bob'], cpus.measured) +
        interruptsScript(alice, ['eth0'], cpus.own) +
        interruptsScript(bob, ['eth0'], cpus.own),
    );
    const interruptThread = kernelThread(`ksoftirqd/${cpus.measured}`);
    setPriority(interruptThread, constants.priority.PRIORITY_HIGHEST);
    const [a, s, b] = [new Namespace(alice), new Namespace(server), new Namespace(bob)];
    return new RelayLab(a, s, b, guardian, interruptThread);
  }

  async close(): Promise<void> {
    setPriority(this.interruptThread, constants.priority.PRIORITY_NORMAL);
    await Promise.all([this.alice.kill(), this.server.kill(), this.bob.kill()]);
    await this.guardian.finish();
  }
}

function linkScript(host: string, address: string, server: string, device: string, gateway: string): string {
  return (
    ip(null, [`link add name eth0 netns ${host} type veth peer name ${device} netns ${server}`]) +
    ip(server, ['link set lo up', `address add ${gateway}/24 dev ${device}`, `link set ${device} up`]) +
    ip(host, [
      'link set lo up',
      `address add ${address}/24 dev eth0`,
      // Each datagram of the generator's batches is a packet of its own.
      'link set eth0 gso_max_segs 1 up',
      `route add default via ${gateway}`,
    ])
  );
}

/** Receive packet steering: a veth pair would let the sender's processor do the receiver's work. */
function interruptsScript(namespace: string, devices: readonly string[], cpu: number): string {
  const mask = (1 << cpu).toString(16);
  const commands = devices.map((device) => `echo ${mask} > /sys/class/net/${device}/queues/rx-0/rps_cpus`);
  return `ip netns exec ${namespace} sh -c '${commands.join('; ')}'\n`;
}

function kernelThread(name: string): number {
  const found = readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && nameOf(pid) === name);
  if (!found) throw new Error(`no ${name}`);
  return Number(found);
}

/** Undefined when it has ended meanwhile. */
function nameOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
