import { once } from 'node:events';
import { join } from 'node:path';
import { Machine } from '../../e2e/support/machine';
import { until } from '../../e2e/support/processes';
import { Lab } from '../../lab/lab';
import type { Namespace } from '../../lab/namespace';

const program = join(__dirname, 'services.mjs');

/** A player, and another member of the party who tries what it can reach there. */
export interface Neighbours {
  readonly lab: Lab;
  readonly victim: Machine;
  readonly member: Machine;
}

/** Two machines in one virtual LAN, by real WireGuard. The member's own WireGuard sends to the victim whatever it likes. */
export async function withNeighbours<Result>(
  work: (neighbours: Neighbours) => Promise<Result>,
): Promise<Result> {
  const lab = await Lab.create();
  const machines: Machine[] = [];
  try {
    const victim = await Machine.start(await lab.publicHost('victim'), '10.66.0.1');
    machines.push(victim);
    const member = await Machine.start(await lab.publicHost('member'), '10.66.200.30');
    machines.push(member);
    await Promise.all([victim.up(), member.up()]);
    await victim.meet(member);
    await member.meet(victim);
    // Both shook hands at the same time: WireGuard tries again after 5 s.
    const carries = async () => (await member.latencyTo(victim)) !== null;
    await until('the tunnel carries', carries, { timeoutMs: 35_000 });
    return await work({ lab, victim, member });
  } finally {
    await Promise.all(machines.map((machine) => machine.close()));
    await lab.close();
  }
}

/** Starts services at places such as `tcp/0.0.0.0/22`; the lab ends them. */
export async function serve(host: Namespace, places: readonly string[]): Promise<void> {
  const child = host.spawn([process.execPath, program, 'listen', ...places], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the services ended')));
  await Promise.race([child.stdout && once(child.stdout, 'data'), ended]);
  ended.catch(() => undefined);
}

/** Which of these places answer the member. */
export async function reached({ member }: Neighbours, places: readonly string[]): Promise<string[]> {
  const { stdout } = await member.host.exec([process.execPath, program, 'probe', ...places]);
  return JSON.parse(stdout) as string[];
}

/** Has the member's WireGuard send what is for `networks` to the victim. */
export async function routeToVictim(
  { member, victim }: Neighbours,
  networks: readonly string[],
): Promise<void> {
  const { interfaceName } = member.host;
  const allowed = [`${victim.virtualIp}/32`, ...networks].join(',');
  await member.host.exec(['wg', 'set', interfaceName, 'peer', victim.publicKey, 'allowed-ips', allowed]);
  for (const network of networks) await member.ip('route', 'replace', network, 'dev', interfaceName);
}
