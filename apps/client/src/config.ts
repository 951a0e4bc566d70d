import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { endpointField, nameField } from '#shared/api/fields';

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
  readonly logLevel: LogLevel | undefined;
}

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What flags or a calling program set; each wins over environment and file. */
export type ConfigOverrides = {
  readonly [Key in keyof ClientConfig]?: ClientConfig[Key] | undefined;
};

/** Settings that cannot be used: every fault in one message. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const commaSeparated = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',').filter(Boolean) : value),
  z.array(endpointField).max(16),
);

const onOrOff = z.preprocess(
  (value) => (typeof value === 'string' ? { on: true, off: false }[value] : value),
  z.boolean('on or off'),
);

const settingsSchema = z.object({
  server: z.url({ protocol: /^https?$/, error: 'an http(s) URL, such as http://192.0.2.1:8080' }),
  // IFNAMSIZ leaves 15 characters.
  interface: z.string().regex(/^[A-Za-z][\w.-]{0,14}$/, 'at most 15 letters, digits, "_", "." and "-"'),
  nickname: nameField,
  stunServers: commaSeparated,
  direct: onOrOff,
  portMapping: onOrOff,
  logLevel: z.enum(logLevels).optional(),
});

const variables = {
  server: 'LANRAGE_SERVER',
  interface: 'LANRAGE_INTERFACE',
  nickname: 'LANRAGE_NICKNAME',
  stunServers: 'LANRAGE_STUN_SERVERS',
  direct: 'LANRAGE_DIRECT',
  portMapping: 'LANRAGE_PORT_MAPPING',
  logLevel: 'LANRAGE_LOG_LEVEL',
} as const satisfies Partial<Record<keyof ClientConfig, string>>;

const defaults = {
  server: 'http://127.0.0.1:8080',
  interface: 'lanrage0',
  nickname: 'Player',
  stunServers: [],
  direct: true,
  portMapping: true,
};

/** The password of the party that is to be joined or opened: for scripts, as an argument would show in lists of processes. */
export function partyPasswordFrom(environment = process.env): string | undefined {
  return environment['LANRAGE_PARTY_PASSWORD'] || undefined;
}

/** Reads the settings. @throws ConfigError naming every setting that is wrong, and where it was set */
export function loadConfig(overrides: ConfigOverrides = {}, environment = process.env): ClientConfig {
  const home = resolve(overrides.home ?? (environment['LANRAGE_HOME'] || join(homedir(), '.lanrage')));
  const file = readSettingsFile(join(home, 'config.json'));
  const fromEnvironment = Object.fromEntries(
    Object.entries(variables).map(([key, variable]) => [key, environment[variable]]),
  );
  const layers = [{ ...defaults, nickname: systemUserName() }, file, fromEnvironment, overrides].map(
    withoutEmpty,
  );
  const parsed = settingsSchema.safeParse(Object.assign({}, ...layers));
  if (!parsed.success) throw new ConfigError(describeFaults(parsed.error.issues));
  return { ...parsed.data, logLevel: parsed.data.logLevel, home };
}

function readSettingsFile(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new ConfigError(`${path} cannot be read: ${(error as Error).message}`);
  }
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    throw new ConfigError(`${path} is not a JSON object. Correct or delete it.`);
  }
}

function systemUserName(): string {
  const name = nameField.safeParse(userInfo().username);
  return name.success ? name.data : defaults.nickname;
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
