import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { endpointField, nameField } from '#shared/api/fields';
import { LanrageError } from '#shared/errors';
import { unknownSettings } from '#shared/setting-names';
import { ConfigError } from '#shared/settings';
import { parseDiscovery, type DiscoverySetting } from './discovery/ports';
import { parseExposure } from './network/guard/exposure';
import { homePaths, readOwnFile, replaceOwnFile, ROOT_HOME, verifyHome } from './home';
import { showTo, sudoUserIn, type SudoUser } from './sudo-user';

/** The settings of an agent, from (strongest first) flags, environment, `config.json` in the home, defaults. */
export interface ClientConfig {
  /** Control plane, an http(s) URL. */
  readonly server: string;
  /** State folder: identity, journal, the agent's socket. Absolute. */
  readonly home: string;
  /** Name of the WireGuard interface. */
  readonly interface: string;
  /** The name that the other players see. */
  readonly nickname: string;
  /** STUN servers (`ip:port`) besides those that the control plane knows. */
  readonly stunServers: readonly string[];
  /** Whether to look for direct paths; without them other players do not learn this machine's addresses. */
  readonly direct: boolean;
  /** Whether the home router is asked for a public port. */
  readonly portMapping: boolean;
  /** What other members reach on this machine, as `parseExposure` reads it; undefined: it depends on whether the party is public. */
  readonly expose: string | undefined;
  /** Which broadcasts of this machine's games are carried to the other members. */
  readonly discovery: DiscoverySetting;
  /** Whether packets may pass between the tunnel and this machine's other interfaces. */
  readonly forward: boolean;
  readonly logLevel: LogLevel | undefined;
}

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What flags or a calling program set; each wins over environment and file. */
export type ConfigOverrides = {
  readonly [Key in keyof ClientConfig]?: ClientConfig[Key] | undefined;
};

const commaSeparated = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').filter(Boolean) : value),
  z.array(endpointField).max(16),
);

const onOrOff = z.preprocess(
  (value) => (typeof value === 'string' ? { on: true, off: false }[value] : value),
  z.boolean('on or off'),
);

/** IFNAMSIZ leaves 15 characters. */
export const interfaceNameField = z
  .string()
  .regex(/^[A-Za-z][\w.-]{0,14}$/, 'at most 15 letters, digits, "_", "." and "-"');

const settingsSchema = z.object({
  server: z.url({ protocol: /^https?$/, error: 'an http(s) URL, such as http://192.0.2.1:8080' }),
  interface: interfaceNameField,
  nickname: nameField,
  stunServers: commaSeparated,
  direct: onOrOff,
  portMapping: onOrOff,
  expose: z
    .string()
    .refine((text) => parseExposure(text) !== undefined, 'all, games, or ports such as 27015,7777-7779/udp')
    .optional(),
  discovery: z.preprocess(
    (value) => (typeof value === 'string' ? parseDiscovery(value) : value),
    z.custom<DiscoverySetting>((value) => value !== undefined, 'on, off, or ports such as 6112,27960-27963'),
  ),
  forward: onOrOff,
  logLevel: z.enum(logLevels).optional(),
});

const variables = {
  server: 'LANRAGE_SERVER',
  interface: 'LANRAGE_INTERFACE',
  nickname: 'LANRAGE_NICKNAME',
  stunServers: 'LANRAGE_STUN_SERVERS',
  direct: 'LANRAGE_DIRECT',
  portMapping: 'LANRAGE_PORT_MAPPING',
  expose: 'LANRAGE_EXPOSE',
  discovery: 'LANRAGE_DISCOVERY',
  forward: 'LANRAGE_FORWARD',
  logLevel: 'LANRAGE_LOG_LEVEL',
} as const satisfies Partial<Record<keyof ClientConfig, string>>;

/** The server of an agent to which nobody named another one: a server on this machine. */
export const DEFAULT_SERVER = 'http://127.0.0.1:8080';

const defaults = {
  server: DEFAULT_SERVER,
  interface: 'lanrage0',
  nickname: 'Player',
  stunServers: [],
  direct: true,
  portMapping: true,
  discovery: 'on',
  forward: false,
};

/** The password of the party that is to be joined or opened: for scripts, as an argument would show in lists of processes. */
export function partyPasswordFrom(environment = process.env): string | undefined {
  return environment['LANRAGE_PARTY_PASSWORD'] || undefined;
}

/** The user who started this program with sudo, and so may ask root's agent. */
export function sudoUser(environment = process.env): SudoUser | undefined {
  return sudoUserIn(environment);
}

/** What programs of the player's desktop need to find the player's files. */
export function desktopVariables(environment = process.env): Record<string, string> {
  const names = ['HOME', 'XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'XDG_CURRENT_DESKTOP'];
  const entries = names.map((name) => [name, environment[name] ?? ''] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

/** The server that a flag names, or else the environment. */
export function namedServer(flag: string | undefined, environment = process.env): string | undefined {
  return flag ?? (environment['LANRAGE_SERVER'] || undefined);
}

/** Variables that look like settings and are none, each in a sentence. */
export function unknownVariables(environment = process.env): string[] {
  return unknownSettings(environment).map(({ message }) => message);
}

/**
 * Reads the settings.
 * @throws ConfigError naming every setting that is wrong, and where it was set
 * @throws LanrageError HOME_NOT_SAFE, HOME_UNKNOWN, HOME_DENIED …
 */
export function loadConfig(overrides: ConfigOverrides = {}, environment = process.env): ClientConfig {
  const named = overrides.home ?? (environment['LANRAGE_HOME'] || undefined);
  const home = resolve(named ?? defaultHome());
  verifyHome(home);
  const file = readSettingsFile(homePaths(home).settings);
  const fromEnvironment = Object.fromEntries(
    Object.entries(variables).map(([key, variable]) => [key, environment[variable]]),
  );
  const remembered = named === undefined ? { server: serverOfRoot() } : {};
  const basis = { ...defaults, nickname: systemUserName(environment) };
  const layers = [basis, remembered, file, fromEnvironment, overrides].map(withoutEmpty);
  const parsed = settingsSchema.safeParse(Object.assign({}, ...layers));
  if (!parsed.success) throw new ConfigError(describeFaults(parsed.error.issues));
  const { expose, logLevel } = parsed.data;
  return { ...parsed.data, expose, logLevel, home };
}

/**
 * Keeps the server for later commands, in the settings file, beside what is there.
 * @returns whether there was another one or none
 * @throws ConfigError, or LanrageError HOME_FULL …
 */
export function rememberServer(home: string, server: string): boolean {
  const path = homePaths(home).settings;
  const settings = readSettingsFile(path);
  if (settings['server'] === server) return false;
  replaceOwnFile(path, `${JSON.stringify({ ...settings, server }, null, 2)}\n`);
  const user = sudoUser();
  if (user) showTo(user, path);
  return true;
}

/** What root's agent remembers for the user who started it with sudo, who alone of all users may read it. */
function serverOfRoot(): unknown {
  if (process.geteuid?.() === 0) return undefined;
  try {
    return readSettingsFile(homePaths(ROOT_HOME).settings)['server'];
  } catch {
    return undefined;
  }
}

/** Root's agent keeps out of home folders: with `sudo -E` they are a user's. @throws LanrageError HOME_UNKNOWN */
export function defaultHome(): string {
  if (process.geteuid?.() === 0) return ROOT_HOME;
  try {
    return join(homedir(), '.lanrage');
  } catch (cause) {
    throw new LanrageError('HOME_UNKNOWN', { cause });
  }
}

function readSettingsFile(path: string): Record<string, unknown> {
  const text = readOwnFile(path);
  if (text === undefined) return {};
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    throw new ConfigError(`${path} is not a JSON object. Correct or delete it.`);
  }
}

/**
 * Behind sudo, the name of who typed it: root is nobody's name. A user may have no entry in the system's list, as in a
 * container: then there is no name to take.
 */
function systemUserName(environment: NodeJS.ProcessEnv): string {
  try {
    const name = process.geteuid?.() === 0 ? environment['SUDO_USER'] : userInfo().username;
    return name === 'root' ? defaults.nickname : nameField.parse(name);
  } catch {
    return defaults.nickname;
  }
}

function withoutEmpty(layer: object): object {
  return Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined && value !== ''));
}

function describeFaults(issues: readonly z.core.$ZodIssue[]): string {
  const faults = issues.map(({ path, message }) => {
    const key = String(path[0]);
    const variable = Object.entries(variables).find(([name]) => name === key)?.[1];
    return `  ${key}${variable ? ` (${variable})` : ''}: ${message}`;
  });
  return ['These settings cannot be used:', ...faults].join('\n');
}
