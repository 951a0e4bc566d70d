/** Which broadcasts and multicasts of this machine are games looking for each other. Pure. */
import type { PortRange } from '../network/guard/exposure';
import { formatRange, parseExposure } from '../network/guard/exposure';

/** `all`: every port that is not {@link deniedPorts}. `games`: {@link gamePorts}. Or these ports. */
export type CarriedPorts = 'all' | 'games' | readonly PortRange[];

/**
 * Ports of what is not a game: names and devices of a home (mDNS, LLMNR, SSDP, WS-Discovery, NetBIOS, printers), addresses
 * and times (DHCP, NTP, PTP, NAT-PMP), what synchronises or streams (Steam Remote Play, Dropbox, Syncthing, Spotify, KDE
 * Connect, Plex), and LANrage's own. They say who and what is in a home, and nobody in a party needs them.
 */
export const deniedPorts: readonly number[] = [
  7, 9, 53, 67, 68, 69, 123, 137, 138, 161, 162, 319, 320, 427, 500, 520, 631, 1716, 1900, 1982, 3289, 3702,
  4500, 5350, 5351, 5353, 5355, 5678, 6771, 8610, 8612, 9999, 10001, 10066, 17500, 21027, 27036, 32410, 32412,
  32413, 32414, 57621,
];

/** SSDP, and BitTorrent's local peers: also where somebody uses them with another port. */
export const deniedGroups: readonly string[] = ['239.255.255.250', '239.192.152.143'];

/** Ports to which games broadcast. In a public party, where strangers are, nothing else is carried. */
export const gamePorts: readonly PortRange[] = [
  { from: 2302, to: 2470 }, // Halo, ARMA, DayZ; Chocolate Doom at 2342; TrackMania from 2350 on
  { from: 2757, to: 2757 }, // SuperTuxKart
  { from: 3979, to: 3979 }, // OpenTTD
  { from: 4445, to: 4445 }, // Minecraft
  { from: 4534, to: 4540 }, // Armagetron Advanced
  { from: 4549, to: 4549 }, // Torchlight II
  { from: 4555, to: 4556 }, // Freeciv
  { from: 6073, to: 6073 }, // DirectPlay 8
  { from: 6111, to: 6112 }, // StarCraft, Warcraft III
  { from: 7551, to: 7551 }, // Minecraft Bedrock from 1.20 on
  { from: 8086, to: 8086 }, // Command & Conquer Generals
  { from: 8303, to: 8310 }, // Teeworlds, DDNet
  { from: 8888, to: 8888 }, // Terraria
  { from: 10777, to: 10777 }, // Unreal Tournament 2004
  { from: 11773, to: 11774 }, // ElDewrito
  { from: 14001, to: 14001 }, // Unreal Engine 3, 4 and 5
  { from: 19132, to: 19133 }, // Minecraft Bedrock
  { from: 24642, to: 24642 }, // Stardew Valley
  { from: 26000, to: 26000 }, // Xonotic
  { from: 27015, to: 27020 }, // Source, GoldSrc
  { from: 27960, to: 27963 }, // Quake III, OpenArena, Jedi Academy
  { from: 28778, to: 28778 }, // AssaultCube
  { from: 28784, to: 28784 }, // Sauerbraten
  { from: 28960, to: 28963 }, // Call of Duty 1 to 5
  { from: 34196, to: 34197 }, // Factorio
  { from: 35891, to: 35891 }, // OpenRA
  { from: 42801, to: 42801 }, // Titan Quest
  { from: 44400, to: 44400 }, // Warsow
  { from: 45542, to: 45542 }, // Renegade X
  { from: 47624, to: 47624 }, // DirectPlay 4: Age of Empires
  { from: 47777, to: 47777 }, // Unity
  { from: 62900, to: 62999 }, // Civilization V and VI
];

/** What LANRAGE_DISCOVERY says. */
export type DiscoverySetting = 'on' | 'off' | readonly PortRange[];

/** Reads `on`, `off`, or ports separated by commas, such as `6112,27960-27963`. */
export function parseDiscovery(text: string): DiscoverySetting | undefined {
  if (text === 'on' || text === 'off') return text;
  const ports = parseExposure(text);
  return typeof ports === 'object' ? ports.udp : undefined;
}

/** What holds in a party; null: nothing is carried. */
export function carriedIn(setting: DiscoverySetting, isPublic: boolean): CarriedPorts | null {
  if (setting === 'off') return null;
  if (setting === 'on') return isPublic ? 'games' : 'all';
  return setting;
}

/** In words, for people. */
export function carriedText(ports: CarriedPorts): string {
  if (ports === 'all') return 'all games';
  if (ports === 'games') return 'known games';
  return `ports ${ports.map(formatRange).join(', ')}`;
}
