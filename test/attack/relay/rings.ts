import { setTimeout as sleep } from 'node:timers/promises';
import type { SocketAddress } from '#shared/endpoint';
import { cookieReply, data, initiation, response, testKey } from '../../wireguard-messages';
import type { Attack } from '../attack';
import { ForgeableRelay } from './forgeable-relay';

/** What carries it goes on around the ring, and backwards. */
const [onward, back] = [0x0f0f_0f0f, 0x0b0b_0b0b];
const sent = 500;
/** So long a datagram needs for the way around at most. */
const aroundMs = 500;
const watchedMs = 500;

interface Hop {
  readonly relay: ForgeableRelay;
  readonly at: SocketAddress;
}

/**
 * Two relays that do not know one another, as those of two servers, with two pairs each. Forged sources make each of the four
 * take one port of the other relay for the player before it, and another one for the player behind it.
 */
export const ringOfRelays: Attack = {
  name: 'a ring of sessions over two relays',
  attacker: 'member',
  async play() {
    const relays = [new ForgeableRelay(22_100, 22_103), new ForgeableRelay(22_100, 22_103)];
    try {
      const hops: Hop[] = [];
      for (let place = 0; place < 4; place++) {
        const relay = relays[place % 2]!;
        hops.push({ relay, at: await relay.open(`pair ${place}`, playersOf(place), 22_100 + place) });
      }
      hops.forEach((_, place) => forgeSession(hops, place));
      const [{ relay, at: first }, last] = [hops[0]!, hops[3]!];
      for (let counter = 1; counter <= sent; counter++) {
        relay.forge(last.at, first, data(onward, counter, 128));
        relay.forge(last.at, first, cookieReply(onward));
        if (counter % 50 === 0) await sleep(1);
      }
      await sleep(aroundMs);
      const before = forwardedBy(relays);
      if (before < 2 * sent) throw new Error(`no ring: ${before} datagrams were forwarded`);
      await sleep(watchedMs);
      const through = forwardedBy(relays) - before;
      return { tried: sent, through, note: `went on circling; ${before} datagrams forwarded before` };
    } finally {
      await Promise.all(relays.map((relay) => relay.stop()));
    }
  },
};

/** Five datagrams: both players are known, one initiates, the other one answers, and both have sent data. */
function forgeSession(hops: readonly Hop[], place: number): void {
  const { relay, at } = hops[place]!;
  const before = hops.at(place - 1)!.at;
  const behind = hops[(place + 1) % hops.length]!.at;
  const [one, other] = playersOf(place);
  relay.forge(behind, at, initiation(one, place + 1));
  relay.forge(before, at, initiation(other, back));
  relay.forge(behind, at, response(one, onward, back));
  relay.forge(before, at, data(onward, 0));
  relay.forge(behind, at, data(back, 0));
}

function playersOf(pair: number) {
  return [testKey(2 * pair + 1), testKey(2 * pair + 2)] as const;
}

function forwardedBy(relays: readonly ForgeableRelay[]): number {
  return relays.reduce((sum, { forwarded }) => sum + forwarded, 0);
}
