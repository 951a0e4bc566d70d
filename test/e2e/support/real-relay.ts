/** Relays with their STUN service and their link, on loopback: in this process, or compiled in one of their own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pino } from 'pino';
import { RELAY_LINK_VERSION, type RelayHandshake } from '#shared/api/relay-link';
import { ControlLink } from '../../../apps/relay/src/control-link';
import { Relay } from '../../../apps/relay/src/relay';
import { StunServer } from '../../../apps/relay/src/stun/server';
import { RELAY_SECRET } from './control-app';
import { root, until } from './processes';

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
  ) {}

  static async start(controlUrl: string, id: string): Promise<RealRelay> {
    const first = nextPort;
    nextPort += PORTS_EACH;
    const stunAddress = { bind: loopback, public: loopback };
    const stun = await StunServer.open(
      { addresses: [stunAddress], port: 0, alternatePort: 0 },
      () => undefined,
    );
    const ports = { first, last: first + PORTS_EACH - 1 };
    const real = new RealRelay(id, new Relay({ bindAddress: loopback, ports }, silent), stun, controlUrl);
    await real.link();
    return real;
  }

  get openPairs(): string[] {
    return this.relay.pairs().map(({ pairId }) => pairId);
  }

  /** Connects to the control plane. */
  async link(): Promise<void> {
    const handshake: RelayHandshake = {
      version: RELAY_LINK_VERSION,
      secret: RELAY_SECRET,
      relayId: this.id,
      region: 'local',
      publicAddress: loopback,
      stunEndpoints: this.stun.endpoints,
      capacityPairs: this.relay.capacity,
    };
    const link = new ControlLink(this.controlUrl, handshake, this.relay, silent);
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
  const child = spawn(process.execPath, [join(root, 'dist/apps/relay/src/main.js')], {
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
