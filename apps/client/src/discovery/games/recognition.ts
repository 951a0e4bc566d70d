/**
 * Which game's server is it that shows itself in this datagram? A table of protocols, each from what is publicly known of it. All
 * that is read here was written by another machine: names are cut, and shown as text alone. Pure.
 */
import { Fields, TooShortError } from './fields';
import type { Shown, Sighting } from './sighting';

const LONGEST_NAME = 60;
/** No server says less; readers look at so many bytes without asking. */
const SHORTEST = 5;
/** How engines of the Quake and Source families mark what belongs to no connection. */
const OUT_OF_BAND = 0xffff_ffff;
/** RakNet's "offline message". */
const RAKNET_MAGIC = Buffer.from('00ffff00fefefefefdfdfdfd12345678', 'hex');

/** @returns null for what is not this protocol's @throws TooShortError for what is cut short */
type Reader = (shown: Shown) => Sighting | null;

const readers: readonly Reader[] = [
  /** "Open to LAN", every 1.5 s: `[MOTD]Alice - World[/MOTD][AD]54321[/AD]`. */
  function minecraft({ destinationPort, payload }) {
    if (destinationPort !== 4445) return null;
    const [, name, address = ''] =
      /\[MOTD\](.*?)\[\/MOTD\].*?\[AD\](.*?)\[\/AD\]/s.exec(payload.toString()) ?? [];
    return name === undefined ? null : seen('Minecraft', name, Number(address.split(':').at(-1)));
  },

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
    const words = text.split('\\').slice(1);
    const info = new Map<string, string>();
    for (let place = 0; place < words.length; place += 2)
      info.set(words[place] ?? '', words[place + 1] ?? '');
    const name = (info.get('hostname') ?? info.get('sv_hostname'))?.replaceAll(/\^./g, '');
    return seen(info.get('gamename') ?? info.get('game') ?? 'Quake III engine', name ?? null, sourcePort);
  },

  /** Source: A2S_INFO, in the Steamworks documentation under "Server queries". */
  function source({ sourcePort, payload }) {
    if (payload.readUInt32BE() !== OUT_OF_BAND || payload.readUInt8(4) !== 0x49) return null;
    const fields = new Fields(payload, 6);
    const [name, , folder, game] = [fields.string(), fields.string(), fields.string(), fields.string()];
    return seen(game || folder || 'Source engine', name, sourcePort);
  },

  /** GoldSrc: the same in an older form, with the address first. */
  function goldSource({ sourcePort, payload }) {
    if (payload.readUInt32BE() !== OUT_OF_BAND || payload.readUInt8(4) !== 0x6d) return null;
    const fields = new Fields(payload, 5);
    const [, name, , folder, game] = [
      fields.string(),
      fields.string(),
      fields.string(),
      fields.string(),
      fields.string(),
    ];
    return seen(game || folder || 'GoldSrc engine', name ?? null, sourcePort);
  },

  /** `inf3` behind ten bytes (0.6), or behind two tokens (0.7). */
  function teeworlds({ sourcePort, payload }) {
    const at = payload.subarray(0, 20).indexOf('\xff\xff\xff\xffinf3', 0, 'latin1');
    if (at < 0) return null;
    const fields = new Fields(payload, at + 8);
    if (payload.readUInt8() === 0xff) fields.string('latin1');
    else while (fields.byte() >= 0x80);
    fields.string();
    return seen('Teeworlds', fields.string(), sourcePort);
  },

  function freeciv({ destinationPort, payload }) {
    if (destinationPort !== 4556) return null;
    const fields = new Fields(payload, 1);
    const [host, port] = [fields.string(), fields.string()];
    fields.string();
    fields.string();
    fields.string();
    fields.string();
    return seen('Freeciv', fields.string() || host, Number(port));
  },

  /** The answer to a query: version, state, players, most, mode, mission, description. */
  function doom({ sourcePort, payload }) {
    if (sourcePort !== 2342 || payload.readUInt16BE() !== 14) return null;
    const fields = new Fields(payload, 2);
    fields.string();
    return seen('Chocolate Doom', fields.skip(5).string(), sourcePort);
  },

  function terraria({ destinationPort, payload }) {
    if (destinationPort !== 8888 || payload.readUInt32LE() !== 1010) return null;
    const fields = new Fields(payload, 4);
    const port = fields.uint32('little');
    return seen('Terraria', fields.countedString(), port);
  },

  /** GAMEINFO; the port is the last field. */
  function warcraft({ payload }) {
    if (payload.readUInt16BE() !== 0xf730) return null;
    const name = new Fields(payload, 20).string();
    return seen('Warcraft III', name, payload.readUInt16LE(payload.length - 2));
  },

  /** The name is told by TCP alone. */
  function openTtd({ sourcePort, payload }) {
    if (sourcePort !== 3979 || payload.readUInt16LE() !== payload.length || payload.readUInt8(2) !== 1)
      return null;
    return seen('OpenTTD', null, sourcePort);
  },
];

/** @returns null for anything but a server that says that it is there */
export function recognise(shown: Shown): Sighting | null {
  if (shown.payload.length < SHORTEST) return null;
  for (const reader of readers) {
    const sighting = attempt(reader, shown);
    if (sighting) return sighting;
  }
  return null;
}

function attempt(reader: Reader, shown: Shown): Sighting | null {
  try {
    return reader(shown);
  } catch (error) {
    if (error instanceof TooShortError) return null;
    throw error;
  }
}

function seen(game: string, name: string | null, port: number): Sighting | null {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return null;
  return {
    game: game.slice(0, LONGEST_NAME),
    name: name === null ? null : name.trim().slice(0, LONGEST_NAME),
    port,
  };
}
