import { EventEmitter } from 'node:events';
import { isVirtualIp } from '#shared/party/virtual-ip';
import { interfaceAddresses } from './interfaces';

interface NetworkWatchEvents {
  /** This machine has other addresses than before, or slept. */
  change: [];
}

const INTERVAL_MS = 1_000;
/** A timer this late means that the machine was suspended: a busy one is late by less. */
const SLEPT_MS = 10_000;

/** Notices when this machine moves to another network, or wakes up. Node has no event for it, so it looks. */
export class NetworkWatch extends EventEmitter<NetworkWatchEvents> {
  private timer: NodeJS.Timeout | undefined;
  private addresses = '';
  private lookedAtMs = 0;

  start(): void {
    this.stop();
    this.addresses = ownAddresses();
    this.lookedAtMs = Date.now();
    this.timer = setInterval(() => this.look(), INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const addresses = ownAddresses();
    const nowMs = Date.now();
    const isElsewhere = addresses !== this.addresses;
    const hasSlept = nowMs - this.lookedAtMs > SLEPT_MS;
    this.addresses = addresses;
    this.lookedAtMs = nowMs;
    if (isElsewhere || hasSlept) this.emit('change');
  }
}

/** The tunnel's own address comes and goes with the party. */
function ownAddresses(): string {
  const outer = interfaceAddresses().filter(({ address }) => !isVirtualIp(address));
  return outer.map(({ interfaceName, address }) => `${interfaceName} ${address}`).join(', ');
}
