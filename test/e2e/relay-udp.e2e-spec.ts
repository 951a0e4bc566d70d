/** What the relay expects of a UDP port, of both kinds, on loopback. */
import { createSocket, type Socket } from 'node:dgram';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import type { SocketAddress } from '#shared/endpoint';
import { closeUdp, PortUnavailableError } from '../../apps/relay/src/udp/bind';
import type { UdpListener, UdpPort } from '../../apps/relay/src/udp/udp-port';
import { describeLab } from '../lab/available';
import { udpKinds } from './support/udp-kinds';
import { root, until } from './support/processes';

const addresses = ['127.0.0.1', '::1'];
const longestBytes = 65_507;

describe.each(udpKinds)('a UDP port by %s', (_name, load) => {
  describe.each(addresses)('on %s', (address) => {
    const opened: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const close of opened.splice(0).reverse()) await close();
    });

    /** A player, and what arrives there. */
    const player = async () => {
      const socket: Socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
      const inbox: Buffer[] = [];
      socket.on('message', (datagram) => inbox.push(datagram));
      socket.bind(0, address);
      await once(socket, 'listening');
      opened.push(() => closeUdp(socket));
      const at: SocketAddress = { address, port: socket.address().port };
      return { socket, inbox, at };
    };
    type Route = (datagram: Buffer, source: SocketAddress) => SocketAddress | undefined;
    const relay = async (route: Route, port = 0): Promise<UdpPort> => {
      const open = await load();
      const udp = await open(
        { address, port },
        {
          received: (datagram, source) => route(datagram, { address: source.address, port: source.port }),
          failed: (error) => {
            throw error;
          },
        },
      );
      opened.push(() => udp.close());
      return udp;
    };
    /** All at once, so that the port finds many when it looks. */
    const sendAll = (socket: Socket, datagrams: readonly Buffer[], to: UdpPort) => {
      for (const datagram of datagrams) socket.send(datagram, to.port, address);
    };

    it('says from where a datagram came, and sends it on where it is told to', async () => {
      const [alice, bob] = [await player(), await player()];
      const sources: SocketAddress[] = [];
      const udp = await relay((_datagram, source) => {
        sources.push(source);
        return source.port === alice.at.port ? bob.at : alice.at;
      });
      alice.socket.send('to bob', udp.port, address);
      await until('bob has it', () => bob.inbox.length === 1);
      bob.socket.send('to alice', udp.port, address);
      await until('alice has it', () => alice.inbox.length === 1);
      expect(sources).toEqual([alice.at, bob.at]);
      expect([alice.inbox, bob.inbox].map(String)).toEqual(['to alice', 'to bob']);
    });

    it('keeps order and lengths, however addresses and lengths alternate, and drops what has no destination', async () => {
      const [alice, bob, carol] = [await player(), await player(), await player()];
      const udp = await relay((datagram) => [bob.at, bob.at, carol.at, undefined][datagram.readUInt8(0) % 4]);
      const lengths = [100, 100, 100, 40, 100, 1200, 1200, 1, 900];
      const datagrams = Array.from({ length: 252 }, (_, number) =>
        Buffer.alloc(lengths[(number >> 2) % lengths.length] ?? 1, number),
      );
      sendAll(alice.socket, datagrams, udp);
      const meantFor = (...kinds: number[]) => datagrams.filter((_, number) => kinds.includes(number % 4));
      await until('all have arrived', () => bob.inbox.length + carol.inbox.length === 189);
      expect(bob.inbox).toEqual(meantFor(0, 1));
      expect(carol.inbox).toEqual(meantFor(2));
    });

    it('carries many of one length and a shorter one at the end', async () => {
      const [alice, bob] = [await player(), await player()];
      const udp = await relay(() => bob.at);
      const datagrams = Array.from({ length: 60 }, (_, number) =>
        Buffer.alloc(number < 59 ? 1452 : 7, number),
      );
      sendAll(alice.socket, datagrams, udp);
      await until('all have arrived', () => bob.inbox.length === datagrams.length);
      expect(bob.inbox).toEqual(datagrams);
    });

    it('carries the longest datagrams whole', async () => {
      const [alice, bob] = [await player(), await player()];
      const udp = await relay(() => bob.at);
      const datagrams = [1, 2, 3].map((fill) => Buffer.alloc(longestBytes, fill));
      sendAll(alice.socket, datagrams, udp);
      await until('all have arrived', () => bob.inbox.length === 3);
      expect(bob.inbox.every((datagram, place) => datagrams[place]?.equals(datagram))).toBe(true);
    });

    it('loses what cannot be sent, and nothing else', async () => {
      const [alice, bob] = [await player(), await player()];
      const nobody = await player();
      await opened.pop()?.();
      const multicast = address.includes(':') ? 'ff02::1' : '255.255.255.255';
      const unreachable = [undefined, nobody.at, { address: multicast, port: 9 }];
      const udp = await relay((datagram) => (datagram.length === 3 ? bob.at : unreachable[datagram.length]));
      const datagrams = Array.from({ length: 40 }, (_, number) => Buffer.alloc(number % 4, number));
      sendAll(alice.socket, datagrams, udp);
      await until('all have arrived', () => bob.inbox.length === 10);
      sendAll(alice.socket, datagrams, udp);
      await until('all have arrived again', () => bob.inbox.length === 20);
      expect(bob.inbox.every(({ length }) => length === 3)).toBe(true);
    });

    it('sends by itself', async () => {
      const bob = await player();
      const udp = await relay(() => undefined);
      udp.send(Buffer.from('hello'), bob.at);
      await until('it has arrived', () => bob.inbox.length === 1);
      expect(String(bob.inbox)).toBe('hello');
    });

    it('refuses a port that is taken and an address of another machine', async () => {
      const { port } = await relay(() => undefined);
      await expect(relay(() => undefined, port)).rejects.toThrow(PortUnavailableError);
      const elsewhere = { address: address.includes(':') ? '2001:db8::1' : '192.0.2.1', port: 0 };
      const listener = { received: () => undefined, failed: () => undefined };
      await expect((await load())(elsewhere, listener)).rejects.toThrow(PortUnavailableError);
    });

    it('leaves nothing behind when it is closed, also while datagrams come in', async () => {
      const [alice, bob] = [await player(), await player()];
      await load();
      const descriptors = () => readdirSync('/proc/self/fd').length;
      const before = process.platform === 'linux' ? descriptors() : 0;
      let port = 0;
      for (let round = 0; round < 50; round++) {
        const udp = await relay(() => bob.at, port);
        ({ port } = udp);
        sendAll(alice.socket, [Buffer.from('late')], udp);
        if (round % 2) await until('it has arrived', () => bob.inbox.length > 0);
        await opened.pop()?.();
      }
      if (process.platform === 'linux') await until('all are closed', () => descriptors() === before);
    });
  });
});

const linuxIt = process.platform === 'linux' ? it : it.skip;

describe('a UDP port on all addresses', () => {
  linuxIt('answers from the one that was asked, at once and later', async () => {
    const load = udpKinds[0]?.[1];
    if (!load) throw new Error('there is a kind');
    const asked: (string | undefined)[] = [];
    const player = createSocket('udp4').bind(0, '127.0.0.9');
    await once(player, 'listening');
    const open = await load();
    const listener: UdpListener = {
      received: (datagram, source) => {
        asked.push(source.asked);
        if (datagram.length > 1) return source;
        udp.send(datagram, source);
        return undefined;
      },
      failed: (error) => {
        throw error;
      },
    };
    const udp = await open({ address: '0.0.0.0', port: 0 }, listener);
    const sources: string[] = [];
    player.on('message', (_answer, { address }) => sources.push(address));
    try {
      for (const [text, address] of [
        ['one of many', '127.0.0.2'],
        ['another one', '127.0.0.2'],
        ['by another way', '127.0.0.3'],
        ['!', '127.0.0.4'],
      ] as const)
        player.send(text, udp.port, address);
      await until('all are answered', () => sources.length === 4);
      expect(asked).toEqual(['127.0.0.2', '127.0.0.2', '127.0.0.3', '127.0.0.4']);
      expect(sources.sort()).toEqual(asked);
    } finally {
      await udp.close();
      await closeUdp(player);
    }
  });
});

describeLab('a path that is narrower than the datagrams', () => {
  it('is passed by those that would have left as one message', async () => {
    const script = 'ip link set lo mtu 1300 up && exec "$0" test/e2e/narrow-path.mjs';
    const { stdout } = await promisify(execFile)('unshare', ['--net', 'sh', '-c', script, process.execPath], {
      cwd: root,
    });
    expect(JSON.parse(stdout)).toEqual({ sent: 40, arrived: 40 });
  });
});
