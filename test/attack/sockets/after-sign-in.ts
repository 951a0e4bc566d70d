/** What somebody can do who has signed in with a key of no worth. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AGENT_NAMESPACE } from '#shared/api/signaling';
import { RELAY_NAMESPACE } from '#shared/api/relay-link';
import type { Attack } from '../attack';
import type { RawSocket } from './raw-socket';
import { address, agentSocket, against, times } from './server';

const ANSWER_MS = 1000;

/** Each closes the connection when it is sent. */
const unasked: Record<string, (raw: RawSocket) => void> = {
  bytes: (raw) => raw.send([Buffer.alloc(100)]),
  attachments: (raw) => raw.send([`451-${AGENT_NAMESPACE},["x",{"_placeholder":true,"num":0}]`]),
  acknowledgement: (raw) => raw.send([`43${AGENT_NAMESPACE},1[]`]),
  'second CONNECT': (raw) => raw.send([`40${AGENT_NAMESPACE},{}`]),
  'default namespace': (raw) => raw.send(['40']),
  'relays namespace': (raw) => raw.send([`40${RELAY_NAMESPACE},{}`]),
  'ping of engine.io': (raw) => raw.send(['2']),
  'change of transport': (raw) => raw.send(['5']),
  'staying after DISCONNECT': (raw) => raw.send([`41${AGENT_NAMESPACE},`, '3', `42${AGENT_NAMESPACE},["x"]`]),
  '300 kB': (raw) =>
    raw.send(Array.from({ length: 3 }, () => `42${AGENT_NAMESPACE},["${'x'.repeat(100_000)}"]`)),
  'pongs without end': (raw) => raw.send(Array.from({ length: 1000 }, () => '3')),
  'pings of WebSocket without end': (raw) => {
    for (let sent = 0; sent < 1000; sent++) raw.socket.ping();
  },
};

export const unaskedPackets: Attack = {
  name: 'packets that nobody asked for',
  attacker: 'member',
  play: against(async (url, options) => {
    const rounds = times(3, options);
    const survived: string[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const [index, [what, send]] of Object.entries(unasked).entries()) {
        const raw = await agentSocket(url, address(index));
        send(raw);
        if (await raw.staysOpen(ANSWER_MS)) survived.push(what);
        raw.close();
      }
    }
    const tried = rounds * Object.keys(unasked).length;
    return { tried, through: survived.length, note: [...new Set(survived)].join(', ') };
  }),
};

/** More sockets of an address together than it may send, each below what one may. */
const SOCKETS = 80;
const ADDRESS_PACKETS_PER_SECOND = 2048;
const ADDRESS_BURST = 8192;
/** Three requests each, of which an address may send a hundred a second. */
const SIGN_IN_PACE_MS = 50;

export const sharedFlood: Attack = {
  name: 'events over many sockets of one address',
  attacker: 'member',
  play: against(async (url, options) => {
    const seconds = Math.max(5, Math.round(10 * options.effort));
    const sockets: RawSocket[] = [];
    for (let index = 0; index < SOCKETS; index++) {
      sockets.push(await agentSocket(url, address(0)));
      await sleep(SIGN_IN_PACE_MS);
    }
    let sent = 0;
    for (let tenth = 0; tenth < 10 * seconds; tenth++) {
      for (const raw of sockets) {
        if (!raw.isOpen) continue;
        raw.send(Array.from({ length: 9 }, (_, place) => `42${AGENT_NAMESPACE},${place}["party.get",{}]`));
        sent += 9;
      }
      await sleep(100);
    }
    await sleep(ANSWER_MS);
    const answered = sockets.reduce((sum, raw) => sum + raw.count(`43${AGENT_NAMESPACE},`), 0);
    for (const raw of sockets) raw.close();
    const allowed = ADDRESS_BURST + (seconds + 3) * ADDRESS_PACKETS_PER_SECOND;
    return { tried: sent, through: Math.max(0, answered - allowed), note: `${answered} answered` };
  }),
};
