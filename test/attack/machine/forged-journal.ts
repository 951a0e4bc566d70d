import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../../e2e/support/machine';
import { identifyProcess } from '../../../apps/client/src/process-identity';
import type { Attack } from '../attack';
import { withMachine } from './machine-lab';

/** Something that only root may end, and a journal that claims an agent left it. */
interface Forgery {
  readonly journal: unknown;
  isHarmed(): Promise<boolean> | boolean;
}

/**
 * The next start undoes what the journal names: other programs' processes, interfaces and files must not be among it,
 * even if somebody could write the journal.
 */
export const forgedJournal: Attack = {
  name: 'forged journal',
  attacker: 'local user',
  needs: 'lab',
  play: () =>
    withMachine(async (machine) => {
      const forgeries = [
        foreignProcess(machine),
        foreignWireGuard(machine),
        await foreignDevice(machine),
        await foreignTunDevice(machine),
        foreignSocket(machine),
      ];
      let through = 0;
      for (const { journal, isHarmed } of forgeries) {
        await machine.kill();
        writeFileSync(join(machine.home, 'journal.json'), JSON.stringify(journal));
        await machine.startDriver();
        await machine.call('initialize');
        if (await isHarmed()) through++;
      }
      return { tried: forgeries.length, through };
    }),
};

function foreignProcess({ host }: Machine): Forgery {
  const child = host.spawn(['sleep', '60'], { stdio: 'ignore' });
  return {
    journal: { interface: host.interfaceName, process: child.pid && identifyProcess(child.pid) },
    isHarmed: () => child.exitCode !== null || child.signalCode !== null,
  };
}

/** A VPN of another program, by the same wireguard-go. */
function foreignWireGuard({ host }: Machine): Forgery {
  const name = `${host.interfaceName}v`;
  const child = host.spawn(['wireguard-go', '-f', name], { stdio: 'ignore' });
  return {
    journal: { interface: name, process: child.pid && identifyProcess(child.pid) },
    isHarmed: () => child.exitCode !== null || child.signalCode !== null,
  };
}

async function foreignDevice(machine: Machine): Promise<Forgery> {
  await machine.ip('link', 'add', 'victim0', 'type', 'veth', 'peer', 'name', 'victim1');
  return { journal: { interface: 'victim0', process: null }, isHarmed: () => isGone(machine, 'victim0') };
}

async function foreignTunDevice(machine: Machine): Promise<Forgery> {
  await machine.ip('tuntap', 'add', 'victim2', 'mode', 'tun');
  return { journal: { interface: 'victim2', process: null }, isHarmed: () => isGone(machine, 'victim2') };
}

/** A path out of /var/run/wireguard, where agents remove sockets. */
function foreignSocket({ home }: Machine): Forgery {
  const path = join(home, 'victim.sock');
  writeFileSync(path, '');
  return {
    journal: { interface: `../../..${home}/victim`, process: null },
    isHarmed: () => !existsSync(path),
  };
}

async function isGone(machine: Machine, device: string): Promise<boolean> {
  return !(await machine.ip('-br', 'link')).includes(device);
}
