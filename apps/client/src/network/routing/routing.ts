import { randomInt } from 'node:crypto';
import { LanrageError } from '#shared/errors';
import { virtualNetworks, type VirtualNetwork } from '#shared/party/virtual-ip';
import { runCommand } from '../command';
import { chooseNetwork, clashOf, describeClash } from './clash';
import { ROUTING_QUESTIONS, routingOf, type Routing } from './reading';

/** Where this machine sends what just now; undefined where ip(8) does not say. */
export async function readRouting(): Promise<Routing | undefined> {
  const input = ROUTING_QUESTIONS.join('\n');
  // That ip(8) is missing is said by what cannot do without it.
  const answer = await runCommand('ip', ['-json', '-batch', '-'], { input }).catch(() => undefined);
  return answer?.code === 0 ? routingOf(answer.stdout) : undefined;
}

/** A network for a new party. Chosen at random if it is not the usual one, as the players to come have their own networks. */
export function chooseFree(routing: Routing | undefined, tunnel: string): VirtualNetwork {
  return chooseNetwork(routing, tunnel, randomInt(virtualNetworks.length));
}

/**
 * @param network that a party is to have, such as `10.66.0.0/16`
 * @param tunnel the party's own interface
 * @throws LanrageError ADDRESS_CLASH when this machine has other uses for some of it
 */
export function assertFree(routing: Routing | undefined, network: VirtualNetwork, tunnel: string): void {
  const clash = routing && clashOf(routing, network, tunnel);
  if (!clash) return;
  const free = chooseFree(routing, tunnel);
  const instead = clashOf(routing, free, tunnel)
    ? '.'
    : `, or have the party made anew in a network that is free here: lanrage create NAME --network ${free}`;
  throw new LanrageError('ADDRESS_CLASH', {
    message:
      `The party's network ${network} is in use on this machine: ${describeClash(clash)}. ` +
      `Leave that network or VPN while you play${instead}`,
  });
}
