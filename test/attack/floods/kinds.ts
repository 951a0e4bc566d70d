/** What strangers and members can send without an end. */
import { randomUUID } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { AGENT_NAMESPACE } from '#shared/api/signaling';
import { request, signIn } from '../../bench/support/agents';
import { floods } from '../../bench/support/floods';
import { everySo } from '../../bench/support/load';
import { RawSocket } from '../sockets/raw-socket';
import { addressOf, clientOf, gather, signInCrowd, type Member } from './crowd';

/** Floods for so many seconds. Settles with the number of messages. */
type Flood = (seconds: number) => Promise<number>;
/** Does what comes before a flood of this server. */
type Kind = (url: string) => Promise<Flood> | Flood;

/** The network of the attackers' loopback addresses. */
const NETWORK = 90;
const ADDRESSES = 150;
const badConnect = `40${AGENT_NAMESPACE},{"token":"x.y.z"}`;
const CONNECTS_AT_ONCE = 1000;

export const kinds = {
  'CONNECTs of bad tokens': strangers(50, async (url, address) => {
    const raw = await RawSocket.open(url, address);
    raw.send(Array.from({ length: CONNECTS_AT_ONCE }, () => badConnect));
    await raw.staysOpen(1000);
    raw.close();
    return CONNECTS_AT_ONCE;
  }),

  'events of 120 kB before sign-in': strangers(50, async (url, address) => {
    const raw = await RawSocket.open(url, address);
    raw.send([`42${AGENT_NAMESPACE},["${'x'.repeat(120_000)}"]`]);
    await raw.staysOpen(1000);
    raw.close();
    return 1;
  }),

  'connections opened and dropped': (url) => async (seconds) => {
    const perAddress = Array.from({ length: 10 }, (_, number) =>
      floods.connections({ url, seconds, address: addressOf(NETWORK, number), perSecond: 50 }),
    );
    return (await Promise.all(perAddress)).reduce((sum, { sent }) => sum + sent, 0);
  },

  'requests of one address': (url) => async (seconds) => {
    const order = { url, seconds, address: addressOf(NETWORK, 0), perSecond: 1000 };
    return (await floods.requests(order)).sent;
  },

  'searches of 150 addresses': strangers(200, async (url, address) => {
    const http = clientOf(url, address);
    await refusedOrNot(
      http.request({ method: 'GET', path: `/v1/parties?search=${randomUUID().slice(0, 2)}` }),
    );
    await http.destroy();
    return 1;
  }),

  'passwords tried from 150 addresses': async (url) => {
    const [owner, ...guessers] = await signInCrowd(url, NETWORK, ADDRESSES);
    if (!owner) throw new Error('nobody signed in');
    const party = { peerName: 'Owner', name: 'Closed', password: 'correct horse' };
    const { id } = await request<{ id: string }>(owner.http, '/v1/parties', party, owner.token);
    return repeated(100, async (turn) => {
      const { http, token } = pick(guessers, turn);
      const guess = { peerName: 'Guesser', password: `guess ${turn}` };
      await request(http, `/v1/parties/${id}/join`, guess, token).catch(() => undefined);
      return 1;
    });
  },

  'throw-away keys and their parties': strangers(50, async (url, address) => {
    const http = clientOf(url, address);
    const { token } = await signIn(http, new URL(url).host);
    const party = { peerName: 'Nobody', name: 'Throw-away', public: true, persistent: true };
    await request(http, '/v1/parties', party, token);
    return 4;
  }),

  'presence of 60 members': members(60, 600, ({ link }, turn) =>
    link.request('presence.update', moved(turn)),
  ),
  'presence of 100 members': members(100, 1000, ({ link }, turn) =>
    link.request('presence.update', moved(turn)),
  ),
  'party.get of 100 members': members(100, 1000, ({ link }) => link.request('party.get', {})),
  'path.request of 100 members': members(100, 1000, ({ link, partyId }, turn, all) =>
    link.request('path.request', { partyId, peerId: pick(all, turn * 7 + 1).peerId, cause: 'changed' }),
  ),
  'shared state of 60 members': members(60, 600, ({ http, partyId, token }, turn) =>
    request(http, `/v1/parties/${partyId}/state`, { key: `key ${turn % 60}`, value: 'x'.repeat(900) }, token),
  ),
} satisfies Record<string, Kind>;

export type FloodKind = keyof typeof kinds;

/** Each message comes from the next of the addresses. */
function strangers(perSecond: number, send: (url: string, address: string) => Promise<number>): Kind {
  return (url) => repeated(perSecond, (turn) => send(url, addressOf(NETWORK, turn % ADDRESSES)));
}

/** The members of a party take turns. */
function members(
  count: number,
  perSecond: number,
  send: (member: Member, turn: number, all: readonly Member[]) => Promise<unknown>,
): Kind {
  return async (url) => {
    const all = await gather(url, NETWORK, count);
    return repeated(perSecond, async (turn) => {
      await send(pick(all, turn), turn, all);
      return 1;
    });
  };
}

/** What is refused was sent all the same. */
function repeated(perSecond: number, send: (turn: number) => Promise<number>): Flood {
  return async (seconds) => {
    let sent = 0;
    await everySo(perSecond, seconds, async (turn) => {
      const messages = await send(turn).catch(() => 1);
      sent += messages;
    });
    return sent;
  };
}

async function refusedOrNot(answer: Promise<Dispatcher.ResponseData>): Promise<void> {
  await (await answer).body.dump();
}

function moved(turn: number): object {
  return { natType: 'full_cone', endpoint: `198.18.${(turn >> 8) % 256}.${turn % 256}:40000` };
}

function pick<T>(all: readonly T[], turn: number): T {
  const one = all[turn % all.length];
  if (one === undefined) throw new RangeError('nobody is there');
  return one;
}
