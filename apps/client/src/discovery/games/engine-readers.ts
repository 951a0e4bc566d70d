/** Protocols that many games have in common, as their engines or libraries bring them along. Pure. */
import { Fields } from './fields';
import { seen, type Reader } from './sighting';

/** How engines of the Quake and Source families mark what belongs to no connection. */
const OUT_OF_BAND = 0xffff_ffff;
/** RakNet's "offline message". */
export const RAKNET_MAGIC = Buffer.from('00ffff00fefefefefdfdfdfd12345678', 'hex');
const UNREAL_2_ANSWER = Buffer.from('8000000000', 'hex');
const LIDGREN_HEADER_BYTES = 5;
const COD_PORTS = [28_960, 28_961, 28_962, 28_963];

export const engineReaders: readonly Reader[] = [
  /** Unconnected pong: `MCPE;name;protocol;version;players;most;id;world;mode;1;port;port of IPv6`. */
  function bedrock({ sourcePort, payload }) {
    if (payload.readUInt8() !== 0x1c || !payload.subarray(17, 33).equals(RAKNET_MAGIC)) return null;
    const [edition, name = '', ...rest] = new Fields(payload, 35).rest.toString().split(';');
    if (edition !== 'MCPE' && edition !== 'MCEE') return seen('RakNet game', null, sourcePort);
    return seen('Minecraft Bedrock', name, Number(rest[8]) || sourcePort);
  },

  /** Quake III, OpenArena, Jedi Academy, Call of Duty, Warsow, Xonotic: `infoResponse`, then keys and values between backslashes. */
  function quake({ sourcePort, payload }) {
    const [, text] = /^\xff{4}infoResponse\s([^]*)$/.exec(payload.toString('latin1')) ?? [];
    if (text === undefined) return null;
    const info = pairsOf(text.split('\\').slice(1));
    const name = (info.get('hostname') ?? info.get('sv_hostname'))?.replaceAll(/\^./g, '');
    const unnamed = COD_PORTS.includes(sourcePort) ? 'Call of Duty' : 'Quake III engine';
    return seen(info.get('gamename') ?? info.get('game') ?? unnamed, name ?? null, sourcePort);
  },

  /** Source: A2S_INFO, in the Steamworks documentation under "Server queries". */
  function source({ sourcePort, payload }) {
    if (payload.readUInt32BE() !== OUT_OF_BAND || payload.readUInt8(4) !== 0x49) return null;
    const [name = null, , folder, game] = new Fields(payload, 6).strings(4);
    return seen(game || folder || 'Source engine', name, sourcePort);
  },

  /** GoldSrc: A2S_INFO in an older form, with the address first. */
  function goldSource({ sourcePort, payload }) {
    if (payload.readUInt32BE() !== OUT_OF_BAND || payload.readUInt8(4) !== 0x6d) return null;
    const [, name = null, , folder, game] = new Fields(payload, 5).strings(5);
    return seen(game || folder || 'GoldSrc engine', name, sourcePort);
  },

  /** Lidgren's discovery response: no number, then how many bits follow; no name. Stardew Valley has the port to itself. */
  function lidgren({ sourcePort, payload }) {
    if (payload.readUInt8() !== 0x89 || payload.readUInt16LE(1) !== 0) return null;
    if (Math.ceil(payload.readUInt16LE(3) / 8) !== payload.length - LIDGREN_HEADER_BYTES) return null;
    return seen(sourcePort === 24_642 ? 'Stardew Valley' : 'Lidgren game', null, sourcePort);
  },

  /** GameSpy 2 and 3 (Halo, ARMA 2): the asker's four bytes, then keys and values, each with a zero byte behind it. */
  function gameSpy({ sourcePort, payload }) {
    if (payload.readUInt8() !== 0) return null;
    const words = payload.subarray(5).toString('latin1').split('\0');
    if (words[0] === 'splitnum') words.splice(0, 2);
    if (words[0] !== 'hostname') return null;
    const info = pairsOf(words);
    const game = info.has('game_classic') ? 'Halo' : info.get('gamename') || 'GameSpy game';
    return seen(game, info.get('hostname') ?? null, Number(info.get('hostport')) || sourcePort);
  },

  /** DirectPlay 8, an EnumResponse: [MC-DPLHP] section 2.2.2. */
  function directPlay({ sourcePort, payload }) {
    if (payload.readUInt16BE() !== 0x0003 || new Fields(payload, 12).uint32('little') !== 0x50) return null;
    const fields = new Fields(payload, 28);
    const [offset, bytes] = [fields.uint32('little'), fields.uint32('little')];
    const name = payload.subarray(4 + offset, 4 + offset + bytes).toString('utf16le');
    return seen('DirectPlay game', name.split('\0', 1)[0] || null, sourcePort);
  },

  /** Unreal Engine 2, by the query of Unreal Tournament 2004: ports and name behind the server's number and address. */
  function unreal2({ payload }) {
    if (!payload.subarray(0, 5).equals(UNREAL_2_ANSWER)) return null;
    const fields = new Fields(payload, 9);
    fields.skip(fields.byte());
    const port = fields.uint32('little');
    const name = fields.skip(4).bytes(fields.byte()).toString('latin1');
    // An escape has red, green and blue behind it.
    const [first = '', ...coloured] = name.split('\0', 1)[0]?.split('\u001b') ?? [];
    return seen('Unreal Tournament 2004', [first, ...coloured.map((part) => part.slice(3))].join(''), port);
  },

  /** Unreal Engine 3, 4 and 5: an answer to all who look for a session. The port is deep in fields of the game's own. */
  function unrealSession({ destinationPort, payload }) {
    if (destinationPort !== 14_001 || payload.subarray(6, 8).toString('latin1') !== 'SR') return null;
    return seen('Unreal Engine game', null, 7_777);
  },
];

function pairsOf(words: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (let place = 0; place < words.length; place += 2) pairs.set(words[place] ?? '', words[place + 1] ?? '');
  return pairs;
}
