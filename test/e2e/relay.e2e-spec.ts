/** The relay's sockets on loopback, the datagrams made by the test. */
import { createSocket, type Socket } from 'node:dgram';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { serveMetrics } from '../../apps/relay/src/metrics';
import { defaultLimits } from '../../apps/relay/src/core/limits';
import { Relay } from '../../apps/relay/src/relay';
import { StunServer } from '../../apps/relay/src/stun/server';
import { bindUdp, closeUdp } from '../../apps/relay/src/udp/bind';
import { Overflows } from '../../apps/relay/src/udp/overflows';
import type { OpenUdpPort } from '../../apps/relay/src/udp/udp-port';
import { data, initiation, response, testKey } from '../wireguard-messages';
import { udpKinds } from './support/udp-kinds';

const alice = testKey(1);
const bob = testKey(2);
const identity = { pairId: 'alice-bob', players: [alice, bob] } as const;
const silent = pino({ level: 'silent' });
const loopback = '127.0.0.1';

/** A player's socket, and what arrives there, in order. */
class Player {
  readonly #socket: Socket = createSocket('udp4');
  readonly #inbox: Buffer[] = [];

  static async open(): Promise<Player> {
    const player = new Player();
    player.#socket.on('message', (datagram) => player.#inbox.push(datagram));
    player.#socket.bind(0, loopback);
    await once(player.#socket, 'listening');
    return player;
  }

  get endpoint(): string {
    return `${loopback}:${this.#socket.address().port}`;
  }

  send(port: number, datagram: Buffer): void {
    this.#socket.send(datagram, port, loopback);
  }

  async receive(): Promise<Buffer> {
    while (this.#inbox.length === 0) await once(this.#socket, 'message');
    return this.#inbox.shift() ?? Buffer.alloc(0);
  }

  close(): Promise<void> {
    return closeUdp(this.#socket);
  }
}

describe.each(udpKinds)('the relay on loopback by %s', (_name, loadUdp) => {
  let openUdp: OpenUdpPort;
  beforeAll(async () => {
    openUdp = await loadUdp();
  });
  const open: { close(): Promise<void> }[] = [];
  const player = async () => {
    const one = await Player.open();
    open.push(one);
    return one;
  };
  const relayOn = (first: number, last: number) => {
    const relay = new Relay({ bindAddress: loopback, ports: { first, last }, openUdp }, silent);
    open.push({ close: () => relay.stop() });
    return relay;
  };
  const portOf = async (relay: Relay, pair = identity, preferred: number | null = null) => {
    const result = await relay.open(pair, preferred);
    if ('error' in result) throw new Error(result.error);
    return result.port;
  };

  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  /** Two players with a session that carried data both ways. */
  const playing = async (relay: Relay) => {
    const port = await portOf(relay);
    const [aliceSocket, bobSocket] = [await player(), await player()];
    aliceSocket.send(port, initiation(bob, 0xa0));
    bobSocket.send(port, initiation(alice, 0xb1));
    expect(await aliceSocket.receive()).toEqual(initiation(alice, 0xb1));
    aliceSocket.send(port, response(bob, 0xa1, 0xb1));
    expect(await bobSocket.receive()).toEqual(response(bob, 0xa1, 0xb1));
    bobSocket.send(port, data(0xa1, 0, 1452));
    expect(await aliceSocket.receive()).toEqual(data(0xa1, 0, 1452));
    aliceSocket.send(port, data(0xb1, 0));
    expect(await bobSocket.receive()).toEqual(data(0xb1, 0));
    return { port, aliceSocket, bobSocket };
  };

  it('carries a session, follows a player, and reports addresses and totals', async () => {
    const relay = relayOn(21_000, 21_009);
    const reported: unknown[] = [];
    relay.onObserved((observations) => reported.push(observations));
    const { port, aliceSocket, bobSocket } = await playing(relay);
    const elsewhere = await player();
    elsewhere.send(port, data(0xb1, 1));
    expect(await bobSocket.receive()).toEqual(data(0xb1, 1));
    bobSocket.send(port, data(0xa1, 1));
    expect(await elsewhere.receive()).toEqual(data(0xa1, 1));

    const seen = (aliceAt: string) => [
      { pairId: 'alice-bob', publicKey: alice, endpoint: aliceAt },
      { pairId: 'alice-bob', publicKey: bob, endpoint: bobSocket.endpoint },
    ];
    expect(reported).toEqual([seen(aliceSocket.endpoint), seen(elsewhere.endpoint)]);
    expect(relay.observations()).toEqual(seen(elsewhere.endpoint));
    expect(relay.totals()).toMatchObject({ forwardedPackets: 6, handshakes: 1 });
    expect(relay.totals().drops.recipient_unknown).toBe(1);
    await relay.close([identity.pairId]);
    expect(relay.totals()).toMatchObject({ forwardedPackets: 6, handshakes: 1 });
  });

  it('lets out by itself what it held back', async () => {
    const { port, aliceSocket, bobSocket } = await playing(relayOn(21_010, 21_019));
    bobSocket.send(port, initiation(alice, 0xb2));
    expect(await aliceSocket.receive()).toEqual(initiation(alice, 0xb2));
    const heldAtMs = performance.now();
    aliceSocket.send(port, initiation(bob, 0xa2));
    expect(await bobSocket.receive()).toEqual(initiation(bob, 0xa2));
    expect(performance.now() - heldAtMs).toBeGreaterThan(490);
  });

  it('shows its health and its metrics', async () => {
    const relay = relayOn(21_080, 21_089);
    await playing(relay);
    const stun = await StunServer.open(
      { addresses: [{ bind: loopback, public: loopback }], port: 0, alternatePort: 0 },
      () => undefined,
    );
    const server = await serveMetrics({ relay, stun, isControlConnected: () => false }, loopback, 0);
    open.push(stun, { close: async () => void (await promisify(server.close.bind(server))()) });
    const get = async (path: string) => {
      const { port } = server.address() as AddressInfo;
      const answer = await fetch(`http://${loopback}:${port}${path}`, { headers: { connection: 'close' } });
      return { status: answer.status, text: await answer.text() };
    };
    expect(JSON.parse((await get('/health')).text)).toEqual({ status: 'ok', control: 'away', pairs: 1 });
    const { text } = await get('/metrics');
    for (const line of [
      'lanrage_relay_packets_total 4',
      'lanrage_relay_bytes_total 1724',
      'lanrage_relay_sessions 1',
      'lanrage_relay_drops_total{reason="recipient_unknown"} 1',
      'lanrage_relay_drops_total{reason="malformed"} 0',
      'lanrage_relay_pairs_refused_total{reason="NO_FREE_PORT"} 0',
      'lanrage_relay_sources_forgotten_total 0',
      'lanrage_relay_socket_overflows_total 0',
      'lanrage_stun_answers_total 0',
      'lanrage_stun_limited_total{reason="source"} 0',
      'lanrage_stun_limited_total{reason="service"} 0',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect((await get('/metrics')).text).toContain('lanrage_relay_packets_total 4\n');
    expect((await get('/')).status).toBe(404);
  });

  it('counts what the kernel drops because this process is busy', async () => {
    const relay = relayOn(21_120, 21_129);
    const port = await portOf(relay);
    const overflows = new Overflows();
    expect(overflows.total(new Set(relay.ports))).toBe(0);
    // More than the buffer holds, while this process waits and reads nothing.
    const flood = `const socket = require('dgram').createSocket('udp4');
      let left = 20000;
      const next = () => (left-- > 0 ? socket.send(Buffer.alloc(1200), ${port}, '${loopback}', next) : socket.close());
      next();`;
    if (process.platform === 'linux') {
      spawnSync(process.execPath, ['-e', flood]);
      expect(overflows.total(new Set(relay.ports))).toBeGreaterThan(0);
    }
    const lost = overflows.total(new Set(relay.ports));
    await relay.close([identity.pairId]);
    expect(overflows.total(new Set(relay.ports))).toBe(lost);
  });

  describe('opening pairs', () => {
    const pair = (pairId: string) => ({ pairId, players: [alice, bob] }) as const;

    it('prefers the port that is asked for, and keeps it', async () => {
      const relay = relayOn(21_020, 21_029);
      expect(await portOf(relay, identity, 21_027)).toBe(21_027);
      expect(await portOf(relay, identity, 21_021)).toBe(21_027);
      expect(relay.pairs()).toEqual([{ pairId: 'alice-bob', players: [alice, bob], port: 21_027 }]);
    });

    it('finds the same port at every start', async () => {
      const first = relayOn(21_030, 21_039);
      const port = await portOf(first);
      await first.stop();
      expect(await portOf(relayOn(21_030, 21_039))).toBe(port);
    });

    it('steps aside for whoever has a port already', async () => {
      const squatter = await bindUdp(loopback, 21_041);
      open.push({ close: () => closeUdp(squatter) });
      expect(await portOf(relayOn(21_040, 21_042), identity, 21_041)).not.toBe(21_041);
    });

    it('refuses when the range is full, and when nothing in it can be had', async () => {
      const relay = relayOn(21_050, 21_051);
      const results = await Promise.all(['1', '2', '3'].map((id) => relay.open(pair(id), 21_050)));
      expect(results.slice(0, 2).map((result) => ('port' in result ? result.port : 0))).toEqual([
        21_050, 21_051,
      ]);
      expect(results[2]).toEqual({ error: 'NO_FREE_PORT' });
      expect(relay.refusals).toEqual({ NO_FREE_PORT: 1, AT_CAPACITY: 0 });
      expect(await relayOn(21_050, 21_051).open(identity, null)).toEqual({ error: 'NO_FREE_PORT' });
      await relay.close(['1']);
      expect(await relay.open(pair('3'), null)).toEqual({ port: 21_050 });
    });

    it('shares a port between pairs that have no player in common', async () => {
      const relay = relayOn(21_080, 21_080);
      expect(await portOf(relay)).toBe(21_080);
      const others = (first: number) =>
        ({ pairId: `pair ${first}`, players: [testKey(first), testKey(first + 1)] }) as const;
      expect(await relay.open(others(2), null)).toEqual({ error: 'NO_FREE_PORT' });
      expect(await relay.open(others(3), null)).toEqual({ port: 21_080 });
      await relay.close([identity.pairId]);
      expect(await relay.open(others(5), null)).toEqual({ port: 21_080 });
      expect(relay.pairs().map(({ pairId }) => pairId)).toEqual(['pair 3', 'pair 5']);
    });

    it('opens no more pairs than it may', async () => {
      const limits = { ...defaultLimits, maxPairs: 1 };
      const relay = new Relay(
        { bindAddress: loopback, ports: { first: 21_090, last: 21_099 }, limits, openUdp },
        silent,
      );
      open.push({ close: () => relay.stop() });
      expect(relay.capacity).toBe(1);
      await portOf(relay);
      expect(await relay.open(pair('2'), null)).toEqual({ error: 'AT_CAPACITY' });
    });

    it('starts anew for other keys under the same id', async () => {
      const relay = relayOn(21_060, 21_069);
      await portOf(relay);
      await portOf(relay, { pairId: identity.pairId, players: [alice, testKey(3)] } as never);
      expect(relay.pairs()[0]?.players).toEqual([alice, testKey(3)]);
      expect(relay.pairCount).toBe(1);
    });

    it('closes pairs without traffic when it is told to', async () => {
      const relay = relayOn(21_070, 21_079);
      await portOf(relay);
      await relay.closeIdle(60_000);
      expect(relay.pairCount).toBe(1);
      await relay.closeIdle(-1);
      expect(relay.pairCount).toBe(0);
    });
  });
});
