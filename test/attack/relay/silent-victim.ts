import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SocketAddress } from '#shared/endpoint';
import { closeUdp } from '../../../apps/relay/src/udp/bind';
import { cookieReply, data, initiation, response, testKey } from '../../wireguard-messages';
import type { Attack, AttackOutcome } from '../attack';
import { ForgeableRelay } from './forgeable-relay';

const players = [testKey(1), testKey(2)] as const;
const [mallorysKey, victimsKey] = players;
const [mallorysIndex, victimsIndex] = [0x0a0a_0a0a, 0x0b0b_0b0b];
/** What a stranger may get of somebody who plays: a handshake, and some data to see whether there is an answer. */
const handful = 16;
const fullEffort = 8000;
const settledAfterMs = 300;

/** Somebody on the network, who has never heard of a relay. */
class Machine {
  received = 0;
  readonly #socket: Socket = createSocket('udp4');

  static async start(): Promise<Machine> {
    const machine = new Machine();
    machine.#socket.on('message', () => machine.received++);
    machine.#socket.bind(0, '127.0.0.1');
    await once(machine.#socket, 'listening');
    return machine;
  }

  get at(): SocketAddress {
    return { address: '127.0.0.1', port: this.#socket.address().port };
  }

  send({ address, port }: SocketAddress, datagram: Buffer): Promise<void> {
    return new Promise((resolve) => this.#socket.send(datagram, port, address, () => resolve()));
  }

  stop(): Promise<void> {
    return closeUdp(this.#socket);
  }
}

interface Scene {
  readonly relay: ForgeableRelay;
  readonly port: SocketAddress;
  readonly mallory: Machine;
  readonly victim: Machine;
}

type Flood = (counter: number) => Buffer;

/** @param prepare with at most two datagrams in the victim's name; gives what Mallory then sends in her own */
async function play(
  effort: number,
  ports: readonly [first: number, last: number],
  prepare: (scene: Scene) => Promise<Flood>,
): Promise<AttackOutcome> {
  const relay = new ForgeableRelay(...ports);
  const [mallory, victim] = [await Machine.start(), await Machine.start()];
  const tried = Math.round(fullEffort * effort);
  try {
    const port = await relay.open('pair', players);
    const flood = await prepare({ relay, port, mallory, victim });
    for (let counter = 1; counter <= tried; counter++) await mallory.send(port, flood(counter));
    await sleep(settledAfterMs);
    const note = `datagrams beyond ${handful} reached the victim, ${victim.received} in all`;
    return { tried, through: Math.max(0, victim.received - handful), note };
  } finally {
    await Promise.all([relay.stop(), mallory.stop(), victim.stop()]);
  }
}

/** Mallory initiates, and answers in the victim's name. */
async function forgeHandshake({ relay, port, mallory, victim }: Scene): Promise<void> {
  relay.forge(victim.at, port, initiation(mallorysKey, 1));
  await mallory.send(port, initiation(victimsKey, mallorysIndex));
  await sleep(settledAfterMs);
  relay.forge(victim.at, port, response(mallorysKey, victimsIndex, mallorysIndex));
}

export const forgedAnswer: Attack = {
  name: 'data for a victim in whose name a handshake was answered',
  attacker: 'member',
  play: ({ effort }) =>
    play(effort, [22_120, 22_121], async (scene) => {
      await forgeHandshake(scene);
      return (counter) => data(victimsIndex, counter, 128);
    }),
};

export const forgedCookies: Attack = {
  name: 'cookie replies for a victim in whose name a handshake was answered',
  attacker: 'member',
  play: ({ effort }) =>
    play(effort, [22_122, 22_123], async (scene) => {
      await forgeHandshake(scene);
      return () => cookieReply(victimsIndex);
    }),
};

export const forgedMove: Attack = {
  name: 'data for a victim in whose name a session has moved',
  attacker: 'member',
  play: ({ effort }) =>
    play(effort, [22_124, 22_125], async ({ relay, port, mallory, victim }) => {
      const accomplice = await Machine.start();
      await accomplice.send(port, initiation(mallorysKey, 1));
      await sleep(settledAfterMs);
      await mallory.send(port, initiation(victimsKey, mallorysIndex));
      await sleep(settledAfterMs);
      await accomplice.send(port, response(mallorysKey, victimsIndex, mallorysIndex));
      await mallory.send(port, data(victimsIndex, 0));
      await accomplice.send(port, data(mallorysIndex, 0));
      await sleep(settledAfterMs);
      await accomplice.stop();
      relay.forge(victim.at, port, data(mallorysIndex, 1));
      return (counter) => data(victimsIndex, counter, 128);
    }),
};
