import { EventEmitter } from 'node:events';
import { runCommand } from './command';
import { isOfInterface, waysOf } from './routes';
import { IpMonitor } from './routing/ip-monitor';

interface RouteMonitorEvents {
  /** Packets go another way than before. */
  change: [];
}

/** One change of the network is several of the routing tables. */
const SETTLE_MS = 100;

/** Hears from the kernel when routes change, and looks whether that makes a difference. */
export class RouteMonitor extends EventEmitter<RouteMonitorEvents> {
  private readonly monitor = new IpMonitor();
  private timer: NodeJS.Timeout | undefined;
  private ways: string | undefined;
  private isWatching = false;

  /** @param tunnel the interface of the party, whose routes do not matter */
  constructor(private readonly tunnel: string) {
    super();
    this.monitor.on('news', (line) => isOfInterface(line, tunnel) || this.lookSoon());
    this.monitor.on('back', () => this.lookSoon());
  }

  start(): void {
    this.stop();
    this.isWatching = true;
    this.ways = undefined;
    this.monitor.start();
    void this.look();
  }

  stop(): void {
    this.isWatching = false;
    clearTimeout(this.timer);
    this.monitor.stop();
  }

  private lookSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), SETTLE_MS).unref();
  }

  private async look(): Promise<void> {
    const { code, stdout } = await runCommand('ip', ['-json', 'route', 'show', 'table', 'all']).catch(() => ({
      code: null,
      stdout: '',
    }));
    if (code !== 0 || !this.isWatching) return;
    const before = this.ways;
    this.ways = waysOf(stdout, this.tunnel);
    if (before !== undefined && before !== this.ways) this.emit('change');
  }
}
