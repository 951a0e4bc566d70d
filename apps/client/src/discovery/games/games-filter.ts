/**
 * The program by which the kernel leaves the traffic of games alone, but for datagrams by which servers show themselves: for packets
 * of the tunnel, either way, that begin with the IP header. What recognition.ts reads is chosen here by its first bytes. Pure.
 */
import { FilterProgram, jump, load } from '../bpf';

const udp = 17;
const fragmentBits = 0x3fff;
const UDP_HEADER_BYTES = 8;

/** Words of four bytes with which a datagram begins: Quake and Source; `[MOT` of Minecraft; Unreal Engine 2. */
const firstWords = [0xffff_ffff, 0x5b4d_4f54, 0x8000_0000];
/** RakNet's pong; Teeworlds 0.7 without a connection; Lidgren's discovery response. */
const firstBytes = [0x1c, 0x21, 0x89];
/** Warcraft III's GAMEINFO. */
const firstHalf = 0xf730;
/** GameSpy: `host` or `spli` behind a byte and a number. */
const gameSpyWords = [0x686f_7374, 0x7370_6c69];
/** DirectPlay: the length of a session's description, 0x50, the lowest byte first. */
const directPlayWord = 0x5000_0000;
/** Chocolate Doom, SuperTuxKart, OpenTTD, AssaultCube, Sauerbraten, OpenRA. */
const sourcePorts = [2342, 2757, 3979, 28778, 28784, 28786, 35891];
/** Freeciv, Terraria, Unreal Engine 3 to 5. */
const destinationPorts = [4556, 8888, 14001];

/** @returns as {@link FilterProgram.assembled} */
export function gamesFilter(): Buffer {
  const program = new FilterProgram();
  const add = program.add.bind(program);
  add(load.byte, 9);
  add(jump.ifEqual, udp, undefined, 'drop');
  add(load.half, 6);
  add(jump.ifAnyBit, fragmentBits, 'drop');
  add(load.headerBytesToX, 0);
  add(load.halfBehindX, 0);
  for (const port of sourcePorts) add(jump.ifEqual, port, 'take');
  add(load.halfBehindX, 2);
  for (const port of destinationPorts) add(jump.ifEqual, port, 'take');
  add(load.byteBehindX, UDP_HEADER_BYTES);
  for (const byte of firstBytes) add(jump.ifEqual, byte, 'take');
  add(load.halfBehindX, UDP_HEADER_BYTES);
  add(jump.ifEqual, firstHalf, 'take');
  add(load.wordBehindX, UDP_HEADER_BYTES);
  for (const word of firstWords) add(jump.ifEqual, word, 'take');
  add(load.wordBehindX, UDP_HEADER_BYTES + 5);
  for (const word of gameSpyWords) add(jump.ifEqual, word, 'take');
  add(load.wordBehindX, UDP_HEADER_BYTES + 12);
  add(jump.ifEqual, directPlayWord, 'take');
  program.drop();
  return program.assembled();
}
