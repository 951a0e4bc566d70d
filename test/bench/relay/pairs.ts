/**
 * A relay full of live pairs, and the memory that it takes. Every player has an address of its own, in 127.0.0.0/8, and
 * indices are spread over 32 bits, as WireGuard's random ones are: that is what costs a relay most.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { data, initiation, response } from '../../wireguard-messages';
import { playersOf, RelayChild } from '../support/relay-child';
import { progress, round } from '../support/report';
import type { Section } from '../support/sections';

interface ManyPairs {
  readonly pairs: number;
  readonly openSeconds: number;
  readonly liveSeconds: number;
  /** Resident memory, in millions of bytes: before the first pair, with all of them open, and with a session in each. */
  readonly emptyMB: number;
  readonly openMB: number;
  readonly liveMB: number;
  /** The most that it ever was. */
  readonly peakMB: number;
}

/** The bar is for so many. */
const manyPairs = 20_000;
/** An address of this machine; nothing else listens there. */
const relayAddress = '127.76.0.1';
/** Room for half as many pairs again as the bar is for. */
const ports = { first: 20_000, last: 20_511 };
/** As the control plane does it. */
const pairsPerMessage = 500;
const atOnce = 32;
const answerWithinMs = 2000;
/** The relay forgets every 5 s what has become useless, and an initiation without an answer after 6 s. */
const settleMs = 12_000;
const settleOpenMs = 3000;

export async function pairs(): Promise<Section> {
  progress(`${manyPairs} pairs`);
  return sectionOf(await measure(manyPairs));
}

async function measure(pairs: number): Promise<ManyPairs> {
  const relay = await RelayChild.startHere(relayAddress, ports);
  try {
    const residentMB = () => memoryMB(relay, 'VmRSS');
    const emptyMB = residentMB();
    const [openSeconds, opened] = await timed(() => openAll(relay, pairs));
    await sleep(settleOpenMs);
    const openMB = residentMB();
    const [liveSeconds] = await timed(() => bringAllLive(opened));
    await sleep(settleMs);
    const { sessions } = await relay.report();
    if (sessions !== pairs) throw new Error(`${sessions} sessions of ${pairs} pairs`);
    const liveMB = residentMB();
    return {
      pairs,
      openSeconds,
      liveSeconds,
      emptyMB,
      openMB,
      liveMB,
      peakMB: memoryMB(relay, 'VmHWM'),
    };
  } finally {
    await relay.stop();
  }
}

function sectionOf(measured: ManyPairs): Section {
  const { pairs, openSeconds, liveSeconds, emptyMB, openMB, liveMB, peakMB } = measured;
  const perSecond = (seconds: number) => round(pairs / seconds);
  return {
    tables: [
      {
        title: `${pairs} pairs in user space: time to get there, and the resident memory of the whole process.`,
        columns: ['', 'seconds', 'pairs/s', 'MB'],
        rows: [
          ['no pair', '', '', round(emptyMB)],
          ['open', round(openSeconds), perSecond(openSeconds), round(openMB)],
          ['live', round(liveSeconds), perSecond(liveSeconds), round(liveMB)],
          ['the most on the way', '', '', round(peakMB)],
        ],
      },
    ],
    bars: [
      { name: `${pairs} live pairs`, measured: liveMB, unit: 'MB', most: 100 },
      { name: 'bringing pairs live', measured: pairs / liveSeconds, unit: 'pairs/s', least: 1000 },
    ],
  };
}

/** @returns the port of each */
async function openAll(relay: RelayChild, pairs: number): Promise<number[]> {
  const opened: number[] = [];
  while (opened.length < pairs) {
    opened.push(...(await relay.openMore(opened.length, Math.min(pairsPerMessage, pairs - opened.length))));
  }
  return opened;
}

/** @param ports of the pairs */
async function bringAllLive(ports: readonly number[]): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < ports.length) {
      const pair = next++;
      await bringLive(pair, ports[pair] ?? 0);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** As two WireGuards would; each datagram has to arrive before the next one leaves. */
async function bringLive(pair: number, port: number): Promise<void> {
  const [aliceKey, bobKey] = playersOf(pair);
  const [alice, bob] = await Promise.all([openSocket(2 * pair), openSocket(2 * pair + 1)]);
  const [first, aliceIndex, bobIndex] = [1, 2, 3].map((step) => spread(pair * 4 + step)) as [
    number,
    number,
    number,
  ];
  const send = (from: Socket, datagram: Buffer) => from.send(datagram, port, relayAddress);
  try {
    send(alice, initiation(bobKey, first));
    await pass(bob, alice, () => send(bob, initiation(aliceKey, bobIndex)));
    await pass(alice, bob, () => send(alice, response(bobKey, aliceIndex, bobIndex)));
    await pass(bob, alice, () => send(bob, data(aliceIndex, 0)));
    await pass(alice, bob, () => send(alice, data(bobIndex, 0)));
  } finally {
    alice.close();
    bob.close();
  }
}

async function pass(from: Socket, to: Socket, send: () => void): Promise<void> {
  const arrived = once(to, 'message', { signal: AbortSignal.timeout(answerWithinMs) });
  send();
  await arrived.catch((error: unknown) => {
    throw new Error(`nothing came from ${from.address().address}`, { cause: error });
  });
}

async function openSocket(player: number): Promise<Socket> {
  const socket = createSocket('udp4');
  const address = `127.${100 + (player >> 16)}.${(player >> 8) & 0xff}.${player & 0xff}`;
  const bound = once(socket, 'listening');
  socket.bind({ address, port: 51_820, exclusive: true });
  await bound;
  return socket;
}

/** Another number below 2^32 for each. */
function spread(number: number): number {
  return Math.imul(number, 0x9e37_79b1) >>> 0;
}

async function timed<T>(work: () => Promise<T>): Promise<[seconds: number, result: T]> {
  const startedAtMs = performance.now();
  const result = await work();
  return [(performance.now() - startedAtMs) / 1000, result];
}

/** @param name of a line of proc_pid_status(5), which is in units of 1,024 bytes */
function memoryMB({ child }: RelayChild, name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) * 1024) / 1e6;
}
