/** Protocols of one game each. Pure. */
import { Fields } from './fields';
import { seen, type Reader } from './sighting';

/** A form feed, and a character that names the colour. */
const CUBE_COLOUR = /\f./g;

export const gameReaders: readonly Reader[] = [
  /** "Open to LAN", every 1.5 s: `[MOTD]Alice - World[/MOTD][AD]54321[/AD]`. */
  function minecraft({ destinationPort, payload }) {
    if (destinationPort !== 4445) return null;
    const [, name, address = ''] =
      /\[MOTD\](.*?)\[\/MOTD\].*?\[AD\](.*?)\[\/AD\]/s.exec(payload.toString()) ?? [];
    return name === undefined ? null : seen('Minecraft', name, Number(address.split(':').at(-1)));
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
    const [host = null, port, , , , , message] = new Fields(payload, 1).strings(7);
    return seen('Freeciv', message || host, Number(port));
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

  /** Behind the question, which it repeats: players, how many attributes, those, map, name. Which port is played on is not told. */
  function sauerbraten({ sourcePort, payload }) {
    if (sourcePort !== 28_784 && sourcePort !== 28_786) return null;
    const fields = new Fields(payload, 0);
    const [, , attributes = 0] = [fields.cubeInt(), fields.cubeInt(), fields.cubeInt()];
    if (attributes !== 5 && attributes !== 7) return null;
    for (let count = 0; count < attributes; count++) fields.cubeInt();
    fields.string('latin1');
    return seen('Sauerbraten', fields.string('latin1'), 28_785);
  },

  /** Behind the question, which may have a second number: protocol, mode, players, minutes, map, name. */
  function assaultCube({ sourcePort, payload }) {
    if (sourcePort !== 28_778) return null;
    const fields = new Fields(payload, 0);
    fields.cubeInt();
    const first = fields.cubeInt();
    if (Math.abs(first < 100 ? fields.cubeInt() : first) < 100) return null;
    for (let count = 0; count < 3; count++) fields.cubeInt();
    fields.string('latin1');
    return seen('AssaultCube', fields.string('latin1').replaceAll(CUBE_COLOUR, ''), 28_763);
  },

  /** Version, name, most, players, port. */
  function superTuxKart({ sourcePort, payload }) {
    if (sourcePort !== 2_757 || payload.readUInt32BE() > 255) return null;
    const fields = new Fields(payload, 4);
    const name = fields.bytes(fields.byte()).toString();
    return seen('SuperTuxKart', name, fields.skip(2).uint16('big'));
  },

  /** BeaconLib: type, a port that means nothing, and the game in lines. */
  function openRa({ sourcePort, payload }) {
    if (sourcePort !== 35_891) return null;
    const fields = new Fields(payload, 0);
    if (fields.bytes(fields.uint16('big')).toString() !== 'OpenRALANGame') return null;
    const text = fields.skip(2).bytes(fields.uint16('big')).toString();
    const [, name = null] = /^\s*Name: (.*)$/m.exec(text) ?? [];
    const [, port = 1_234] = /^\s*Address: .*:(\d+)\s*$/m.exec(text) ?? [];
    return seen('OpenRA', name, Number(port));
  },
];
