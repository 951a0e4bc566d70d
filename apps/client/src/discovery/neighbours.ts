/** Who hears a broadcast anyway, as the player sits in the same home network. Pure. */
import { splitEndpoint, type Endpoint } from '#shared/endpoint';
import type { VirtualIp } from '#shared/party/virtual-ip';
import { numberOf } from './packet';

/** A player whose path works. */
export interface Player {
  readonly virtualIp: VirtualIp;
  /** Where this machine sends what is for the player directly; null via the relay. */
  readonly directEndpoint: Endpoint | null;
}

/** A network in which this machine has the address. */
export interface OwnNetwork {
  readonly address: string;
  readonly prefixBits: number;
}

/** Those to whom a copy is sent of what leaves by the interface with this address. */
export function farPlayers(
  players: readonly Player[],
  networks: readonly OwnNetwork[],
  source: number,
): VirtualIp[] {
  const network = networks.find(({ address }) => numberOf(address) === source);
  const isNear = ({ directEndpoint }: Player) =>
    network !== undefined &&
    directEndpoint !== null &&
    isInside(splitEndpoint(directEndpoint).address, network);
  return players.filter((player) => !isNear(player)).map(({ virtualIp }) => virtualIp);
}

function isInside(address: string, { address: own, prefixBits }: OwnNetwork): boolean {
  if (address.includes(':')) return false;
  const size = 2 ** (32 - prefixBits);
  return Math.floor(numberOf(address) / size) === Math.floor(numberOf(own) / size);
}
