/** What is asked to find servers that do not announce themselves, as lists of LAN games ask it. Pure. */
import { hasPort } from '../../network/guard/exposure';
import type { CarriedPorts } from '../ports';
import { RAKNET_MAGIC } from './engine-readers';
import type { Shown } from './sighting';

export interface Question {
  readonly port: number;
  readonly payload: Buffer;
}

const hex = (text: string) => Buffer.from(text, 'hex');
const outOfBand = (text: string) => Buffer.from(`\xff\xff\xff\xff${text}`, 'latin1');

const source = outOfBand('TSource Engine Query\0');
const quake = outOfBand('getinfo xxx');
/** A token of the asker's, which the server gives back. */
const TEEWORLDS_TOKEN = '4c414e72';
/** The question is this long, so that nobody can be flooded with answers that are longer than it. */
const TEEWORLDS_TOKEN_BYTES = 512;
const teeworldsInfo = outOfBand('gie3\x01');

const questions: readonly Question[] = [
  ...ask([27_015, 27_016, 27_017, 27_018, 27_019, 27_020], source),
  ...ask([27_960, 27_961, 27_962, 27_963, 28_960, 44_400, 26_000], quake),
  // RakNet's ping: a time, "offline message", a number of the asker's.
  ...ask([19_132], Buffer.concat([hex('010000000000000000'), RAKNET_MAGIC, hex('1111111111111111')])),
  // Teeworlds 0.6 and 0.7, which first asks for a token.
  ...ask([8_303, 8_304, 8_305], Buffer.concat([hex('ffffffffffff'), teeworldsInfo])),
  ...ask(
    [8_303, 8_304, 8_305],
    Buffer.concat([hex(`040000ffffffff05${TEEWORLDS_TOKEN}`), Buffer.alloc(TEEWORLDS_TOKEN_BYTES - 4)]),
  ),
  ...ask([3_979], hex('030000')), // OpenTTD
  ...ask([2_342], hex('000d')), // Chocolate Doom
  ...ask([28_784, 28_778], hex('01')), // Sauerbraten, AssaultCube
  ...ask([2_757], Buffer.from('\x0astk-server')), // SuperTuxKart
  ...ask([35_891], Buffer.from('\0\x0dOpenRALANGame')),
  ...ask([24_642], hex('8800000000')), // Stardew Valley
  ...ask([10_777, 7_778], hex('7900000000')), // Unreal Tournament 2004
  ...ask([2_302, 2_303], hex('fefd0001020304ffffff')), // Halo, ARMA
  ...ask([6_073], hex('0002000102')), // DirectPlay 8: any game
  ...ask([4_555], Buffer.from('\x02LANrage\0')), // Freeciv, which answers to its group
];

/** What each player's machine is asked. @param carried ports that the player lets games look at */
export function questionsTo(carried: CarriedPorts): readonly Question[] {
  // All questions are those of known games.
  if (typeof carried === 'string') return questions;
  return questions.filter(({ port }) => hasPort(carried, port));
}

/** What is asked next, where a server wants to see first that answers arrive. Undefined for all else. */
export function nextQuestion({ payload }: Shown): Buffer | undefined {
  // Source: the same with the number that it gave.
  if (payload.length === 9 && payload.subarray(0, 5).equals(outOfBand('A')))
    return Buffer.concat([source, payload.subarray(5)]);
  const token = hex(TEEWORLDS_TOKEN);
  const isToken = payload.length >= 12 && payload.readUInt8() === 0x04 && payload.readUInt8(7) === 0x05;
  if (!isToken || !payload.subarray(3, 7).equals(token)) return undefined;
  return Buffer.concat([hex('21'), payload.subarray(8, 12), token, teeworldsInfo]);
}

function ask(ports: readonly number[], payload: Buffer): Question[] {
  return ports.map((port) => ({ port, payload }));
}
