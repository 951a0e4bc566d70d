import { createHash } from 'node:crypto';
import type { PeerId } from './identity';

/**
 * Addresses inside a party, 10.66.0.0/16.
 *
 * A *slot* numbers the assignable addresses: slot 0 is 10.66.0.1, the creator's; slots 1 to 64,768 are
 * 10.66.0.2 to 10.66.255.254 without the fourth octets 0, 1 and 255. A peer's preferred slot follows from
 * its id alone; the join decides, taking the next free slot when somebody else has it.
 *
 * preferred = 1 + (first 6 bytes, big-endian, of SHA-256("lanrage virtual ip\0" ‖ id as ASCII)) mod 64,768
 */
export const VIRTUAL_NETWORK = '10.66.0.0/16';
export const CREATOR_SLOT = 0;

const FOURTH_OCTETS = 253; // 2 … 254
const FIRST_FOURTH_OCTET = 2;
export const SHARED_SLOTS = 256 * FOURTH_OCTETS;

/** @returns 1 … 64,768, evenly distributed over peer ids */
export function preferredSlot(peerId: PeerId): number {
  const digest = createHash('sha256').update('lanrage virtual ip\0').update(peerId, 'ascii').digest();
  return 1 + (digest.readUIntBE(0, 6) % SHARED_SLOTS);
}

/** @returns dotted quad, for a slot of 0 … 64,768 */
export function virtualIpOfSlot(slot: number): string {
  if (!Number.isInteger(slot) || slot < 0 || slot > SHARED_SLOTS)
    throw new RangeError(`no such slot: ${slot}`);
  if (slot === CREATOR_SLOT) return '10.66.0.1';
  const index = slot - 1;
  return `10.66.${Math.floor(index / FOURTH_OCTETS)}.${FIRST_FOURTH_OCTET + (index % FOURTH_OCTETS)}`;
}

/** @returns the first free slot from `preferred` on, wrapping around, or null when all are taken. Never slot 0. */
export function nextFreeSlot(preferred: number, taken: ReadonlySet<number>): number | null {
  for (let step = 0; step < SHARED_SLOTS; step++) {
    const slot = 1 + ((preferred - 1 + step) % SHARED_SLOTS);
    if (!taken.has(slot)) return slot;
  }
  return null;
}

/** Whether an IP address is inside {@link VIRTUAL_NETWORK}. */
export function isVirtualIp(address: string): boolean {
  return address.startsWith('10.66.');
}
