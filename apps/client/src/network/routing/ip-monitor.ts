import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { createInterface } from 'node:readline';
import { toolEnvironment, toolPath } from '../tools';

interface IpMonitorEvents {
  /** Something about routes, rules, addresses or links is new, as a line of ip(8) has it. */
  news: [line: string];
  /** It hears again, after a while without: what happened meanwhile was missed. */
  back: [];
}

const RESTART_MS = 5_000;

/** Hears from the kernel (netlink, by ip(8)) of routes, rules, addresses and links. Without ip(8) it hears nothing. */
export class IpMonitor extends EventEmitter<IpMonitorEvents> {
  start(): void {
    program.add(this);
  }

  stop(): void {
    program.remove(this);
  }
}

/** The one ip(8) that all monitors of this process hear, while there are any. */
class MonitorProgram {
  private readonly monitors = new Set<IpMonitor>();
  private child: ChildProcess | undefined;
  private timer: NodeJS.Timeout | undefined;

  add(monitor: IpMonitor): void {
    this.monitors.add(monitor);
    if (!this.child && !this.timer) this.run();
  }

  remove(monitor: IpMonitor): void {
    this.monitors.delete(monitor);
    if (this.monitors.size > 0) return;
    clearTimeout(this.timer);
    const { child } = this;
    this.child = this.timer = undefined;
    child?.kill();
  }

  private run(): void {
    const child = spawnMonitor();
    if (!child) return;
    this.child = child;
    child.unref();
    if (child.stdout)
      createInterface(child.stdout).on('line', (line) => {
        for (const monitor of this.monitors) monitor.emit('news', line);
      });
    child.on('error', () => undefined);
    child.on('close', () => this.onEnded(child));
  }

  private onEnded(child: ChildProcess): void {
    if (this.child !== child) return;
    this.child = undefined;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.run();
      for (const monitor of this.monitors) monitor.emit('back');
    }, RESTART_MS).unref();
  }
}

const program = new MonitorProgram();

function spawnMonitor(): ChildProcess | undefined {
  try {
    const args = ['-oneline', 'monitor', 'route', 'address', 'link', 'rule'];
    return spawn(toolPath('ip'), args, { stdio: ['ignore', 'pipe', 'ignore'], env: toolEnvironment() });
  } catch {
    return undefined;
  }
}
