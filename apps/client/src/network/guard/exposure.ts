/** What the other members of a party reach on this machine. Pure. */

/** Inclusive. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export const protocols = ['tcp', 'udp'] as const;
export type Protocol = (typeof protocols)[number];

export type Ports = Readonly<Record<Protocol, readonly PortRange[]>>;

/** `all`: whatever listens. `games`: see {@link gamePorts}. Or these ports. */
export type Exposure = 'all' | 'games' | Ports;

const HIGHEST_PORT = 65_535;
/** Below are the ports of system services (RFC 6335 section 6), which only root can open. */
const FIRST_GAME_PORT = 1_024;
const MOST_ENTRIES = 64;

/**
 * Services that listen at 1024 or above and that strangers must not meet: databases, remote desktops and shells,
 * containers, development servers, file sharing. Sorted; no game is known to serve its players there.
 */
const servicePorts: Ports = {
  tcp: ranges(
    '1080 1433-1434 1521 1883 2049 2181 2375-2380 3000-3001 3128 3260 3306 3389 4369 5000-5001 5037 5173 5432-5433 ' +
      '5555 5601 5672 5800-5809 5900-5909 5984-5986 6000-6009 6379-6380 6443 8000-8001 8006 8008-8009 8080-8081 8086 ' +
      '8088 8123 8200 8384 8443 8500 8834 8888-8889 9000-9001 9042 9090-9093 9100 9200 9229 9300 9443 10000 10250 ' +
      '11211 11434 15672 16509 19999 22000 27017-27019 32400 50000',
  ),
  udp: ranges('1194 1434 1900 2049 3389 3702 5353 5355 5683 11211 21027 22000'),
};

/** Ports at which a game may listen: all from 1024 on, without those of well-known services. */
export const gamePorts: Ports = {
  tcp: without(servicePorts.tcp),
  udp: without(servicePorts.udp),
};

/**
 * Reads `all`, `games` or ports separated by commas, such as `27015,7777-7779/udp`; without `/tcp` or `/udp` an entry
 * means both.
 */
export function parseExposure(text: string): Exposure | undefined {
  if (text === 'all' || text === 'games') return text;
  const entries = text.split(',').map((entry) => parseEntry(entry.trim()));
  if (entries.length > MOST_ENTRIES) return undefined;
  const ports: Record<Protocol, PortRange[]> = { tcp: [], udp: [] };
  for (const entry of entries) {
    if (!entry) return undefined;
    entry.protocols.forEach((protocol) => ports[protocol].push(entry.range));
  }
  return { tcp: merged(ports.tcp), udp: merged(ports.udp) };
}

/** As {@link parseExposure} reads it. */
export function formatExposure(exposure: Exposure): string {
  if (typeof exposure === 'string') return exposure;
  const entries = protocols.flatMap((protocol) =>
    exposure[protocol].map((range) => `${formatRange(range)}/${protocol}`),
  );
  return entries.join(',');
}

/** What holds in a party: the player's word, or else all among friends, and games where strangers come in. */
export function exposureIn(setting: string | undefined, isPublic: boolean): Exposure {
  return (setting === undefined ? undefined : parseExposure(setting)) ?? (isPublic ? 'games' : 'all');
}

export function hasPort(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some(({ from, to }) => from <= port && port <= to);
}

export function formatRange({ from, to }: PortRange): string {
  return from === to ? String(from) : `${from}-${to}`;
}

function parseEntry(entry: string): { range: PortRange; protocols: readonly Protocol[] } | undefined {
  const [, first = '', last = first, protocol] =
    /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp))?$/.exec(entry) ?? [];
  const range = { from: Number(first), to: Number(last) };
  if (range.from < 1 || range.to > HIGHEST_PORT || range.from > range.to) return undefined;
  return { range, protocols: protocol ? [protocol as Protocol] : protocols };
}

function ranges(list: string): PortRange[] {
  return list.split(' ').flatMap((entry) => parseEntry(entry)?.range ?? []);
}

/** Sorted, and none touches the next: nft takes no ranges that overlap. */
function merged(list: readonly PortRange[]): PortRange[] {
  const result: PortRange[] = [];
  for (const range of [...list].sort((one, other) => one.from - other.from)) {
    const last = result.at(-1);
    if (!last || range.from > last.to + 1) result.push(range);
    else result[result.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
  }
  return result;
}

/** What is left of the game ports. */
function without(excluded: readonly PortRange[]): PortRange[] {
  const result: PortRange[] = [];
  let from = FIRST_GAME_PORT;
  for (const range of excluded) {
    if (from < range.from) result.push({ from, to: range.from - 1 });
    from = range.to + 1;
  }
  return [...result, { from, to: HIGHEST_PORT }];
}

/** What other members reach, in words. @param exposure as {@link parseExposure} takes it */
export function exposureText(exposure: string): string {
  if (exposure === 'all') return 'everything that listens on this machine';
  if (exposure === 'games') return "ports of games, not those of this machine's services";
  return exposure.replaceAll(',', ', ');
}
