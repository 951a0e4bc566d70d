import { createHash } from 'node:crypto';
import type { PeerId } from './identity';

/**
 * Addresses inside a party. Each party has a network of its own with 16 bits of prefix, {@link DEFAULT_NETWORK} unless its
 * creator chose another one; in what follows it is 10.66.0.0/16.
 *
 * A *slot* numbers the assignable addresses: slot 0 is 10.66.0.1, the creator's; slots 1 to 64,768 are
 * 10.66.0.2 to 10.66.255.254 without the fourth octets 0, 1 and 255. A peer's preferred slot follows from
 * its id alone; the join decides, taking the next free slot when somebody else has it.
 *
 * preferred = 1 + (first 6 bytes, big-endian, of SHA-256("lanrage virtual ip\0" ‖ id as ASCII)) mod 64,768
 */
declare const networkBrand: unique symbol;

/** Such as `10.66.0.0/16`; made by {@link parseVirtualNetwork}. */
export type VirtualNetwork = string & { readonly [networkBrand]: true };

export const DEFAULT_NETWORK = '10.66.0.0/16' as VirtualNetwork;

declare const virtualIpBrand: unique symbol;

/** An assignable address, as a canonical dotted quad; made by {@link parseVirtualIp} or {@link virtualIpOfSlot}. */
export type VirtualIp = string & { readonly [virtualIpBrand]: true };

export const CREATOR_SLOT = 0;

const FOURTH_OCTETS = 253; // 2 … 254
const FIRST_FOURTH_OCTET = 2;
export const SHARED_SLOTS = 256 * FOURTH_OCTETS;

/** @returns 1 … 64,768, evenly distributed over peer ids */
export function preferredSlot(peerId: PeerId): number {
  const digest = createHash('sha256').update('lanrage virtual ip\0').update(peerId, 'ascii').digest();
  return 1 + (digest.readUIntBE(0, 6) % SHARED_SLOTS);
}

/**
 * All networks that a party can have: of those for private use (RFC 1918 10.0.0.0/8 and 172.16.0.0/12, RFC 6598
 * 100.64.0.0/10), from which no packet for the internet is led away.
 */
export const virtualNetworks: readonly VirtualNetwork[] = [
  ...networksIn(10, 0, 255),
  ...networksIn(172, 16, 31),
  ...networksIn(100, 64, 127),
];
const known = new Set<string>(virtualNetworks);

/** The network that a text spells, if it can be a party's; undefined for every other one and any other spelling. */
export function parseVirtualNetwork(text: string): VirtualNetwork | undefined {
  return known.has(text) ? (text as VirtualNetwork) : undefined;
}

/** @returns dotted quad, for a slot of 0 … 64,768 */
export function virtualIpOfSlot(slot: number, network: VirtualNetwork): VirtualIp {
  if (!Number.isInteger(slot) || slot < 0 || slot > SHARED_SLOTS)
    throw new RangeError(`no such slot: ${slot}`);
  const prefix = prefixOf(network);
  if (slot === CREATOR_SLOT) return `${prefix}0.1` as VirtualIp;
  const index = slot - 1;
  const third = Math.floor(index / FOURTH_OCTETS);
  return `${prefix}${third}.${FIRST_FOURTH_OCTET + (index % FOURTH_OCTETS)}` as VirtualIp;
}

/** The assignable address of the network that a text spells; undefined for every other address and any other spelling. */
export function parseVirtualIp(text: string, network: VirtualNetwork): VirtualIp | undefined {
  if (text === virtualIpOfSlot(CREATOR_SLOT, network)) return text as VirtualIp;
  if (!isInNetwork(text, network)) return undefined;
  const [, third, fourth] = /^(\d{1,3})\.(\d{1,3})$/.exec(text.slice(prefixOf(network).length)) ?? [];
  const slot = 1 + Number(third) * FOURTH_OCTETS + Number(fourth) - FIRST_FOURTH_OCTET;
  // A fourth octet that is never assigned, a number above 255 and leading zeros give another address, or none.
  const isSlot = slot > CREATOR_SLOT && slot <= SHARED_SLOTS;
  return isSlot && virtualIpOfSlot(slot, network) === text ? (text as VirtualIp) : undefined;
}

/** @returns the first free slot from `preferred` on, wrapping around, or null when all are taken. Never slot 0. */
export function nextFreeSlot(preferred: number, taken: ReadonlySet<number>): number | null {
  for (let step = 0; step < SHARED_SLOTS; step++) {
    const slot = 1 + ((preferred - 1 + step) % SHARED_SLOTS);
    if (!taken.has(slot)) return slot;
  }
  return null;
}

/** @param address canonical */
export function isInNetwork(address: string, network: VirtualNetwork): boolean {
  return address.startsWith(prefixOf(network));
}

/** Such as `10.66.`. */
function prefixOf(network: VirtualNetwork): string {
  return network.replace(/0\.0\/16$/, '');
}

function networksIn(first: number, from: number, to: number): VirtualNetwork[] {
  return Array.from(
    { length: to - from + 1 },
    (_, index) => `${first}.${from + index}.0.0/16` as VirtualNetwork,
  );
}
