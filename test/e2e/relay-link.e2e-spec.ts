/** The link of a relay to the control plane, which is a bare socket.io server here. */
import { randomBytes } from 'node:crypto';
import { createServer, type Server as HttpServer } from 'node:http';
import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { Server, type Socket } from 'socket.io';
import {
  type AnnouncedRelay,
  CONTROL_PROOF_EVENT,
  openAnswerSchema,
  RELAY_CHALLENGE_PATH,
  RELAY_NAMESPACE,
  relayReportSchemas,
} from '#shared/api/relay-link';
import { ControlLink } from '../../apps/relay/src/control-link';
import { Relay } from '../../apps/relay/src/relay';
import { bindUdp, closeUdp } from '../../apps/relay/src/udp/bind';
import { StunServer } from '../../apps/relay/src/stun/server';
import { data, initiation, response, testKey } from '../wireguard-messages';
import { answerHandshake } from './support/relay-sign-in';
import { until } from './support/processes';

const loopback = '127.0.0.1';
const silent = pino({ level: 'silent' });
const alice = testKey(1);
const bob = testKey(2);
const secret = 'a-secret-of-the-relay';
const announced: AnnouncedRelay = {
  relayId: 'fra-1',
  region: 'eu',
  publicAddress: '192.0.2.1',
  ports: { first: 21_100, last: 21_109 },
  stunEndpoints: [],
  capacityPairs: 10,
  draining: false,
};

/** A control plane that can be stopped and started on the same port. */
class Control extends EventEmitter {
  /** What it answers to announcements. */
  close: string[] = [];
  refusals = 0;
  readonly announced: unknown[] = [];
  relay: Socket | undefined;
  /** What the relay has shown. */
  signedIn: ReturnType<typeof answerHandshake> | undefined;
  /** Which proof it shows in return; null: none. */
  proof: ((proofs: { relay: string; control: string }) => string) | null = (proofs) => proofs.control;
  readonly #nonce = randomBytes(32);
  #http: HttpServer | undefined;
  #server: Server | undefined;

  /** @param path under which it is published, such as `/lan` */
  async start(port = 0, path = ''): Promise<number> {
    this.#http = createServer((request, response) => {
      const nonce = this.#nonce.toString('base64');
      const challenge = { challengeId: 'c1', nonce, expiresAt: new Date().toISOString() };
      if (request.url === `${path}${RELAY_CHALLENGE_PATH}`) response.end(JSON.stringify(challenge));
    }).listen(port, loopback);
    await once(this.#http, 'listening');
    this.#server = new Server(this.#http, { path: `${path}/socket.io` });
    const relays = this.#server.of(RELAY_NAMESPACE);
    relays.use((socket, next) => {
      this.signedIn = answerHandshake(secret, this.#nonce, socket.handshake.auth);
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
    socket.on('disconnect', () => this.emit('gone'));
    const { proofs } = this.signedIn ?? {};
    if (this.proof && proofs) socket.emit(CONTROL_PROOF_EVENT, { proof: this.proof(proofs) });
    socket.on('pairs.announce', (report, acknowledge: (answer: unknown) => void) => {
      const { pairs, final } = relayReportSchemas['pairs.announce'].parse(report);
      this.announced.push(...pairs);
      acknowledge({ close: this.close });
      if (final) this.emit('announced');
    });
    socket.on('pairs.observed', (report: { observations: unknown }, acknowledge: () => void) => {
      acknowledge();
      relayReportSchemas['pairs.observed'].parse(report);
      // As the relay sent them: parsing leaves out addresses that no player can have, and these players are on loopback.
      this.emit('observed', report.observations);
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
  let stun: StunServer;
  let link: ControlLink;
  let port: number;

  beforeEach(async () => {
    control = new Control();
    port = await control.start();
    relay = new Relay({ bindAddress: loopback, ports: { first: 21_100, last: 21_109 } }, silent);
    const addresses = [{ bind: loopback, public: loopback }] as const;
    stun = await StunServer.open({ addresses, port: 0, alternatePort: 0 }, () => undefined);
    link = linkTo(`http://${loopback}:${port}`);
  });
  const linkTo = (controlUrl: string) =>
    new ControlLink({ controlUrl, secret, announced, stun }, relay, silent);
  afterEach(async () => {
    link.stop();
    await control.stop();
    await Promise.all([relay.stop(), stun.close()]);
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
    expect(control.signedIn).toMatchObject({ relay: announced, serverName: `${loopback}:${port}` });
    expect(JSON.stringify(control.relay?.handshake.auth)).not.toContain(secret);
    expect(control.announced).toEqual([]);
    const results = await open('one', 'two');
    expect(results).toEqual(relay.pairs().map(({ pairId, port: at }) => ({ pairId, port: at })));
    await control.order('pairs.close', { pairIds: ['one', 'unheard of'] });
    expect(openPairs()).toEqual(['two']);
  });

  it.each(['/lan', '/lan/'])('finds a control plane that is published under %s', async (path) => {
    await control.stop();
    port = await control.start(0, '/lan');
    link = linkTo(`http://${loopback}:${port}${path}`);
    await connected();
    expect(control.signedIn).toMatchObject({ serverName: `${loopback}:${port}` });
  });

  it('closes what it is told to close while it still opens it', async () => {
    await connected();
    const pairIds = Array.from({ length: 10 }, (_, number) => `pair-${number}`);
    const opened = open(...pairIds);
    await control.order('pairs.close', { pairIds });
    expect(await opened).toHaveLength(10);
    expect(openPairs()).toEqual([]);
  });

  it('lists what is open when it is asked to', async () => {
    await connected();
    await open('one', 'two');
    const announced = once(control, 'announced');
    control.close = ['one'];
    await control.order('pairs.list', {});
    await announced;
    expect(control.announced).toHaveLength(2);
    await open('three');
    expect(openPairs()).toEqual(['two', 'three']);
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

  it.each<[string, Control['proof']]>([
    ['a wrong one', () => Buffer.alloc(32).toString('base64')],
    ["the relay's own", ({ relay: ofRelay }) => ofRelay],
    ['none', null],
  ])(
    'neither says what is open nor obeys before the control plane has shown it: %s',
    async (_what, proof) => {
      await relay.open({ pairId: 'one', players: [alice, bob] }, null);
      const shown = control.proof;
      const gone = once(control, 'gone');
      control.proof = proof;
      link.start();
      await until('the relay is here', () => control.relay);
      control.relay?.emit('pairs.close', { pairIds: ['one'] }, () => control.emit('answered'));
      await gone;
      expect(control.announced).toEqual([]);
      expect(control.listenerCount('answered')).toBe(0);
      expect(openPairs()).toEqual(['one']);
      control.proof = shown;
      await once(control, 'announced');
      expect(openPairs()).toEqual(['one']);
    },
    15_000,
  );

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
