import { EventEmitter } from 'node:events';
import { interfaceKind } from './interface-kind';
import { interfaceAddresses } from './interfaces';
import { RouteMonitor } from './route-monitor';

interface NetworkWatchEvents {
  /** This machine has other addresses or routes than before, or slept. */
  change: [];
}

const INTERVAL_MS = 1_000;
/** A timer this late means that the machine was suspended: a busy one is late by less. */
const SLEPT_MS = 10_000;

/** Notices when this machine moves to another network, sends by another one, or wakes up. */
export class NetworkWatch extends EventEmitter<NetworkWatchEvents> {
  private readonly routes: RouteMonitor;
  private timer: NodeJS.Timeout | undefined;
  private addresses = '';
  private lookedAtMs = 0;

  /** @param tunnel the interface of the party, which does not matter */
  constructor(private readonly tunnel: string) {
    super();
    this.routes = new RouteMonitor(tunnel);
    this.routes.on('change', () => this.emit('change'));
  }

  start(): void {
    this.stop();
    this.routes.start();
    this.addresses = this.ownAddresses();
    this.lookedAtMs = Date.now();
    this.timer = setInterval(() => this.look(), INTERVAL_MS).unref();
  }

  stop(): void {
    this.routes.stop();
    clearInterval(this.timer);
  }

  private look(): void {
    const addresses = this.ownAddresses();
    const nowMs = Date.now();
    const isElsewhere = addresses !== this.addresses;
    const hasSlept = nowMs - this.lookedAtMs > SLEPT_MS;
    this.addresses = addresses;
    this.lookedAtMs = nowMs;
    if (isElsewhere || hasSlept) this.emit('change');
  }

  /** Those of parties come and go with them, those of containers with containers. */
  private ownAddresses(): string {
    return interfaceAddresses()
      .filter(
        ({ interfaceName }) => interfaceName !== this.tunnel && interfaceKind(interfaceName) !== 'inner',
      )
      .map(({ interfaceName, address }) => `${interfaceName} ${address}`)
      .join(', ');
  }
}
