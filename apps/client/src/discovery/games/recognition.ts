/**
 * Which game's server is it that shows itself in this datagram? A table of protocols, each from what is publicly known of it. All
 * that is read here was written by another machine: names are cut, and shown as text alone. Pure.
 */
import { engineReaders } from './engine-readers';
import { TooShortError } from './fields';
import { gameReaders } from './game-readers';
import type { Reader, Shown, Sighting } from './sighting';

const readers: readonly Reader[] = [...gameReaders, ...engineReaders];

/** @returns null for anything but a server that says that it is there */
export function recognise(shown: Shown): Sighting | null {
  for (const reader of readers) {
    const sighting = readOrNull(reader, shown);
    if (sighting) return sighting;
  }
  return null;
}

function readOrNull(reader: Reader, shown: Shown): Sighting | null {
  try {
    return reader(shown);
  } catch (error) {
    // What a Buffer throws, of reading beyond its end.
    const isOfBuffer = (error as Error).name === 'RangeError';
    if (error instanceof TooShortError || isOfBuffer) return null;
    throw error;
  }
}
