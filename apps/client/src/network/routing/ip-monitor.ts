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
  private child: ChildProcess | undefined;
  private timer: NodeJS.Timeout | undefined;

  start(): void {
    this.stop();
    const child = spawnMonitor();
    if (!child) return;
    this.child = child;
    child.unref();
    if (child.stdout) createInterface(child.stdout).on('line', (line) => this.emit('news', line));
    child.on('error', () => undefined);
    child.on('close', () => this.onEnded(child));
  }

  stop(): void {
    clearTimeout(this.timer);
    const { child } = this;
    this.child = undefined;
    child?.kill();
  }

  private onEnded(child: ChildProcess): void {
    if (this.child !== child) return;
    this.child = undefined;
    this.timer = setTimeout(() => {
      this.start();
      this.emit('back');
    }, RESTART_MS).unref();
  }
}

function spawnMonitor(): ChildProcess | undefined {
  try {
    const args = ['-oneline', 'monitor', 'route', 'address', 'link', 'rule'];
    return spawn(toolPath('ip'), args, { stdio: ['ignore', 'pipe', 'ignore'], env: toolEnvironment() });
  } catch {
    return undefined;
  }
}
