/** Relays with their STUN service and their link, on loopback: in this process, or compiled in one of their own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pino } from 'pino';
import type { AnnouncedRelay } from '#shared/api/relay-link';
import { ControlLink } from '../../../apps/relay/src/control-link';
import { Relay } from '../../../apps/relay/src/relay';
import { StunServer } from '../../../apps/relay/src/stun/server';
import { root, until } from './processes';
import { RELAY_SECRET } from './settings';

const loopback = '127.0.0.1';
const silent = pino({ level: 'silent' });
const PORTS_EACH = 20;
let nextPort = 21_200;

export class RealRelay {
  private linkOrNull: ControlLink | null = null;
  private isStunOpen = true;

  private constructor(
    readonly id: string,
    readonly relay: Relay,
    private readonly stun: StunServer,
    private readonly controlUrl: string,
    readonly ports: AnnouncedRelay['ports'],
  ) {}

  static async start(controlUrl: string, id: string, portCount = PORTS_EACH): Promise<RealRelay> {
    const real = await RealRelay.unlinked(controlUrl, id, portCount);
    await real.link();
    return real;
  }

  /** One that does not dial yet. */
  static async unlinked(controlUrl: string, id: string, portCount = PORTS_EACH): Promise<RealRelay> {
    const first = nextPort;
    nextPort += portCount;
    const stunAddress = { bind: loopback, public: loopback };
    const stun = await StunServer.open(
      { addresses: [stunAddress], port: 0, alternatePort: 0 },
      () => undefined,
    );
    const ports = { first, last: first + portCount - 1 };
    const relay = new Relay({ bindAddress: loopback, ports }, silent);
    return new RealRelay(id, relay, stun, controlUrl, ports);
  }

  get openPairs(): string[] {
    return this.relay.pairs().map(({ pairId }) => pairId);
  }

  get capacity(): number {
    return this.relay.capacity;
  }

  /** Connects to the control plane. */
  async link(): Promise<void> {
    const { id: relayId, controlUrl, ports, stun } = this;
    const { endpoints: stunEndpoints } = stun;
    const announced: AnnouncedRelay = {
      ...{ relayId, region: 'local', publicAddress: loopback, ports, stunEndpoints },
      ...{ capacityPairs: this.relay.capacity, draining: false },
    };
    const link = new ControlLink({ controlUrl, secret: RELAY_SECRET, announced, stun }, this.relay, silent);
    this.linkOrNull = link;
    link.start();
    await until(`${this.id} is connected`, () => link.isConnected);
  }

  /** Asks for the pairs to be moved away. @returns whether there is somebody to take them */
  drain(withinMs: number): Promise<boolean> {
    return this.linkOrNull?.drain(withinMs) ?? Promise.resolve(false);
  }

  /** Only the link goes. */
  unlink(): void {
    this.linkOrNull?.stop();
    this.linkOrNull = null;
  }

  get isLinked(): boolean {
    return this.linkOrNull?.isConnected ?? false;
  }

  /** Like a process that was killed. */
  async die(): Promise<void> {
    this.unlink();
    await Promise.all([this.closeStun(), this.relay.stop()]);
  }

  private async closeStun(): Promise<void> {
    if (this.isStunOpen) await this.stun.close();
    this.isStunOpen = false;
  }
}

/** The compiled relay in a process of its own, connected. */
export async function startRelayProcess(controlUrl: string, relayId: string): Promise<ChildProcess> {
  const first = nextPort;
  nextPort += PORTS_EACH;
  const child = spawn(process.execPath, [join(root, 'dist/relay.js')], {
    env: {
      LANRAGE_CONTROL_URL: controlUrl,
      LANRAGE_RELAY_SECRET: RELAY_SECRET,
      LANRAGE_PUBLIC_ADDRESS: loopback,
      LANRAGE_RELAY_BIND: loopback,
      LANRAGE_RELAY_ID: relayId,
      LANRAGE_RELAY_PORTS: `${first}-${first + PORTS_EACH - 1}`,
      LANRAGE_RELAY_FAST_PATH: 'off',
      LANRAGE_RELAY_METRICS_PORT: '0',
      LANRAGE_STUN_PORT: '0',
      LANRAGE_LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  await until(`${relayId} is known`, async () => {
    const answer = await fetch(new URL('/v1/server', controlUrl));
    return (await answer.text()).includes(relayId);
  });
  return child;
}
