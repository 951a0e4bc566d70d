/** A relay with its STUN service and its link, in this process, on loopback. */
import { pino } from 'pino';
import { RELAY_LINK_VERSION, type RelayHandshake } from '#shared/api/relay-link';
import { ControlLink } from '../../../apps/relay/src/control-link';
import { Relay } from '../../../apps/relay/src/relay';
import { StunServer } from '../../../apps/relay/src/stun/server';
import { RELAY_SECRET } from './control-app';
import { until } from './processes';

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

  /** Answers nobody any more, although the connection stands. */
  async hang(): Promise<void> {
    jest.spyOn(this.relay, 'close').mockReturnValue(new Promise(() => undefined));
    await this.closeStun();
  }

  /** Like a process that was killed. */
  async die(): Promise<void> {
    jest.restoreAllMocks();
    this.unlink();
    await Promise.all([this.closeStun(), this.relay.stop()]);
  }

  private async closeStun(): Promise<void> {
    if (this.isStunOpen) await this.stun.close();
    this.isStunOpen = false;
  }
}
