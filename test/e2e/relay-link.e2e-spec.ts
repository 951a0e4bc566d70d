/** The link of a relay to the control plane, which is a bare socket.io server here. */
import { createServer, type Server as HttpServer } from 'node:http';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { Server, type Socket } from 'socket.io';
import {
  openAnswerSchema,
  RELAY_LINK_VERSION,
  RELAY_NAMESPACE,
  type RelayHandshake,
  relayHandshakeSchema,
  relayReportSchemas,
} from '#shared/api/relay-link';
import { ControlLink } from '../../apps/relay/src/control-link';
import { Relay } from '../../apps/relay/src/relay';
import { bindUdp, closeUdp } from '../../apps/relay/src/udp/bind';
import { data, initiation, response, testKey } from '../wireguard-messages';

const loopback = '127.0.0.1';
const silent = pino({ level: 'silent' });
const alice = testKey(1);
const bob = testKey(2);
const handshake: RelayHandshake = {
  version: RELAY_LINK_VERSION,
  secret: 'a-secret-of-the-relay',
  relayId: 'fra-1',
  region: 'eu',
  publicAddress: '192.0.2.1',
  stunEndpoints: [],
  capacityPairs: 10,
};

/** A control plane that can be stopped and started on the same port. */
class Control extends EventEmitter {
  /** What it answers to announcements. */
  close: string[] = [];
  refusals = 0;
  readonly announced: unknown[] = [];
  relay: Socket | undefined;
  #http: HttpServer | undefined;
  #server: Server | undefined;

  async start(port = 0): Promise<number> {
    this.#http = createServer().listen(port, loopback);
    await once(this.#http, 'listening');
    this.#server = new Server(this.#http);
    const relays = this.#server.of(RELAY_NAMESPACE);
    relays.use((socket, next) => {
      relayHandshakeSchema.parse(socket.handshake.auth);
      next(this.refusals-- > 0 ? new Error('not now') : undefined);
    });
    relays.on('connection', (socket) => this.#onConnection(socket));
    return (this.#http.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    await this.#server?.close();
  }

  async order(name: string, command: unknown): Promise<unknown> {
    return (await this.relay?.timeout(2000).emitWithAck(name, command)) as unknown;
  }

  #onConnection(socket: Socket): void {
    this.relay = socket;
    socket.on('pairs.announce', (report, acknowledge: (answer: unknown) => void) => {
      const { pairs, final } = relayReportSchemas['pairs.announce'].parse(report);
      this.announced.push(...pairs);
      acknowledge({ close: this.close });
      if (final) this.emit('announced');
    });
    socket.on('pairs.observed', (report, acknowledge: () => void) => {
      acknowledge();
      this.emit('observed', relayReportSchemas['pairs.observed'].parse(report).observations);
    });
    socket.on('load', (report, acknowledge: () => void) => {
      acknowledge();
      this.emit('load', relayReportSchemas.load.parse(report));
    });
  }
}

describe('the link to the control plane', () => {
  let control: Control;
  let relay: Relay;
  let link: ControlLink;
  let port: number;

  beforeEach(async () => {
    control = new Control();
    port = await control.start();
    relay = new Relay({ bindAddress: loopback, ports: { first: 21_100, last: 21_109 } }, silent);
    link = new ControlLink(`http://${loopback}:${port}`, handshake, relay, silent);
  });
  afterEach(async () => {
    link.stop();
    await control.stop();
    await relay.stop();
  });

  const connected = async () => {
    const announced = once(control, 'announced');
    link.start();
    await announced;
  };
  const open = async (...pairIds: string[]) => {
    const pairs = pairIds.map((pairId) => ({ pairId, players: [alice, bob], preferredPort: null }));
    return openAnswerSchema.parse(await control.order('pairs.open', { pairs })).results;
  };
  const openPairs = () => relay.pairs().map(({ pairId }) => pairId);

  it('says who it is, and opens and closes what it is told to', async () => {
    await connected();
    expect(control.relay?.handshake.auth).toEqual(handshake);
    expect(control.announced).toEqual([]);
    const results = await open('one', 'two');
    expect(results).toEqual(relay.pairs().map(({ pairId, port: at }) => ({ pairId, port: at })));
    await control.order('pairs.close', { pairIds: ['one', 'unheard of'] });
    expect(openPairs()).toEqual(['two']);
  });

  it('answers refusals pair by pair', async () => {
    await connected();
    const results = await open(...Array.from({ length: 11 }, (_, number) => `pair-${number}`));
    expect(results.map((result) => 'error' in result)).toEqual([...Array<boolean>(10).fill(false), true]);
    expect(results[10]).toEqual({ pairId: 'pair-10', error: 'NO_FREE_PORT' });
  });

  it('does not answer a malformed command, and lives', async () => {
    await connected();
    const malformed = { pairs: [{ pairId: 'one', players: ['?', bob], preferredPort: null }] };
    control.relay?.emit('pairs.open', malformed, () => control.emit('answered'));
    expect(await open('two')).toHaveLength(1);
    expect(openPairs()).toEqual(['two']);
    expect(control.listenerCount('answered')).toBe(0);
  });

  it('keeps its pairs while the control plane is away, and announces them when it is back', async () => {
    await connected();
    await open('one', 'two');
    const ports = relay.pairs();
    const gone = once(control.relay as Socket, 'disconnect');
    await control.stop();
    await gone;
    expect(relay.pairs()).toEqual(ports);
    control.close = ['one'];
    const back = once(control, 'announced');
    await control.start(port);
    await back;
    expect(control.announced).toEqual(ports);
    // The next command finds the announcement's answer obeyed.
    expect(await open('two')).toEqual([{ pairId: 'two', port: ports[1]?.port }]);
    expect(openPairs()).toEqual(['two']);
  });

  it('comes again when it was refused', async () => {
    control.refusals = 1;
    await connected();
    expect(control.refusals).toBeLessThan(0);
  });

  it('comes again when it was sent away', async () => {
    await connected();
    const back = once(control, 'announced');
    control.relay?.disconnect();
    await back;
    expect(await open('one')).toHaveLength(1);
  });

  it('reports where players are, at once and again after a reconnection', async () => {
    await connected();
    await open('one');
    const pairPort = relay.pairs()[0]?.port ?? 0;
    const [aliceSocket, bobSocket] = [await bindUdp(loopback, 0), await bindUdp(loopback, 0)];
    const observed = once(control, 'observed');
    for (const [socket, datagram] of [
      [bobSocket, initiation(alice, 0xb0)],
      [aliceSocket, initiation(bob, 0xa1)],
      [bobSocket, response(alice, 0xb1, 0xa1)],
      [aliceSocket, data(0xb1, 0)],
      [bobSocket, data(0xa1, 0)],
    ] as const) {
      await new Promise((sent) => socket.send(datagram, pairPort, loopback, sent));
    }
    const expected = [
      { pairId: 'one', publicKey: alice, endpoint: `${loopback}:${aliceSocket.address().port}` },
      { pairId: 'one', publicKey: bob, endpoint: `${loopback}:${bobSocket.address().port}` },
    ];
    expect(await observed).toEqual([expected]);
    const again = once(control, 'observed');
    control.relay?.disconnect();
    expect(await again).toEqual([expected]);
    await Promise.all([closeUdp(aliceSocket), closeUdp(bobSocket)]);
  });

  it('announces many pairs in bounded messages', async () => {
    const many = Array.from({ length: 501 }, (_, number) => ({
      pairId: `pair-${number}`,
      players: [alice, bob] as [typeof alice, typeof bob],
      port: 1 + number,
    }));
    jest.spyOn(relay, 'pairs').mockReturnValue(many);
    await connected();
    expect(control.announced).toEqual(many);
  });
});
