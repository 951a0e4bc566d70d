import { resolve } from 'node:path';
import { z } from 'zod';
import { unknownSettings } from '#shared/setting-names';
import { parseSettings } from '#shared/settings';
import { relayIdField } from '#shared/api/fields';
import { PARTY_SIZE_LIMITS } from '#shared/api/rest';
import { StartError } from './util/start-error';

/** The token under which Nest injects the settings. */
export const CONFIG = Symbol('config');

const wholeNumber = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
const perMinute = wholeNumber(0, 1_000_000);
const secret = z.string().min(16, 'at least 16 characters');
const adminToken = z.string().regex(/^[\x21-\x7e]{32,256}$/, {
  error: '32 to 256 characters without spaces, such as from: openssl rand -hex 32',
});

/** `id=secret` for each relay, separated by commas; several for one id while its secret is being changed. */
const secretsByRelay = z
  .string()
  .transform((list) => list.split(',').map((entry) => entry.trim().split(/=(.*)/s, 2)))
  .pipe(z.array(z.tuple([relayIdField, secret], { error: 'not id=secret' })));

const environmentSchema = z.object({
  LANRAGE_HTTP_PORT: wholeNumber(0, 65_535).default(8080),
  LANRAGE_HTTP_BIND: z.string().default('0.0.0.0'),
  LANRAGE_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  LANRAGE_PUBLIC_ADDRESS: z.string().optional(),
  LANRAGE_TRUST_PROXY: wholeNumber(0, 8).default(0),
  LANRAGE_DATA: z.string().default('./data'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  LANRAGE_DATABASE_CONNECTIONS: wholeNumber(1, 100).default(10),
  LANRAGE_TOKEN_SECRET: secret.optional(),
  LANRAGE_TOKEN_LIFETIME_SECONDS: wholeNumber(60, 86_400).default(3600),
  LANRAGE_RELAY_SECRET: z
    .string()
    .transform((list) => list.split(',').map((entry) => entry.trim()))
    .pipe(z.array(secret))
    .optional(),
  LANRAGE_RELAY_SECRETS: secretsByRelay.default([]),
  LANRAGE_METRICS_TOKEN: secret.optional(),
  LANRAGE_ADMIN_TOKEN: adminToken.optional(),
  LANRAGE_PRESENCE_TIMEOUT_SECONDS: wholeNumber(1, 86_400).default(60),
  LANRAGE_PARTY_DEFAULT_PEERS: wholeNumber(PARTY_SIZE_LIMITS.least, PARTY_SIZE_LIMITS.most).default(32),
  LANRAGE_PARTY_MAX_PEERS: wholeNumber(PARTY_SIZE_LIMITS.least, PARTY_SIZE_LIMITS.most).default(256),
  LANRAGE_LIMIT_REQUESTS: perMinute.default(1500),
  LANRAGE_LIMIT_SIGN_INS: perMinute.default(300),
  LANRAGE_LIMIT_CREATES: perMinute.default(10),
  LANRAGE_LIMIT_JOINS: perMinute.default(20),
  LANRAGE_LIMIT_PASSWORDS: perMinute.default(5),
  LANRAGE_LIMIT_SEARCHES: perMinute.default(120),
  LANRAGE_LIMIT_ADMIN_TOKENS: perMinute.default(5),
  LANRAGE_LIMIT_CONNECTIONS: wholeNumber(0, 1_000_000).default(1024),
  LANRAGE_LIMIT_PARTIES: wholeNumber(0, 1_000_000).default(100),
  LANRAGE_LIMIT_PUBLIC_PARTIES: wholeNumber(0, 1_000_000).default(20),
  LANRAGE_LIMIT_PERSISTENT_PARTIES: wholeNumber(0, 1000).default(5),
  LANRAGE_PARTY_KEEP_DAYS: wholeNumber(1, 36_500).default(180),
  LANRAGE_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

/** Every setting of the control plane; the README's table explains them. */
export interface Config {
  readonly httpPort: number;
  readonly httpBind: string;
  /** Where agents and browsers reach this server, or null to tell it from the connection. */
  readonly publicUrl: URL | null;
  /** IP address or name of this machine as players see it: printed, and a name that sign-ins may be for. */
  readonly publicAddress: string | null;
  /** How many proxies of ours stand in front and add to X-Forwarded-For. */
  readonly trustedProxies: number;
  /** Absolute path. */
  readonly dataDirectory: string;
  /** Null: the embedded server, below the data directory. */
  readonly databaseUrl: string | null;
  readonly databaseConnections: number;
  /** Where the nodes of this server meet; null: there is only this one. */
  readonly redisUrl: string | null;
  /** Null: generated once, kept in the data directory. */
  readonly tokenSecret: string | null;
  readonly tokenLifetimeSeconds: number;
  /** Any of them opens the relay link, so that they can be rotated. Null: generated once, kept in the data directory. */
  readonly relaySecrets: readonly string[] | null;
  /** Relay id and secret; a relay that has one of its own is not let in by the others. */
  readonly ownRelaySecrets: readonly (readonly [relayId: string, secret: string])[];
  readonly metricsToken: string | null;
  /** Null: nobody administers this server by its API. */
  readonly adminToken: string | null;
  readonly presenceTimeoutSeconds: number;
  readonly defaultPeers: number;
  readonly maxPeers: number;
  /** How many TCP connections one address may have at a time; 0 means unlimited, and no limit on what they send either. */
  readonly connectionsPerAddress: number;
  /** How many parties made from one address there may be at a time; 0 means unlimited. */
  readonly partiesPerAddress: number;
  /** How many public parties made from one address there may be at a time; 0 means unlimited. */
  readonly publicPartiesPerAddress: number;
  /** How many persistent parties one owner may have. */
  readonly persistentPartiesPerOwner: number;
  /** How long a persistent party may stay empty. */
  readonly keepEmptyDays: number;
  /** Per client address and minute; 0 means unlimited. */
  readonly limits: Readonly<Record<LimitedAction, number>>;
  readonly logLevel: string;
}

export const limitedActions = [
  'requests',
  'signIns',
  'creates',
  'joins',
  'passwords',
  'searches',
  'adminTokens',
] as const;
export type LimitedAction = (typeof limitedActions)[number];

/** @throws StartError that names every setting that is wrong */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const parsed = parseSettings(environmentSchema, environment);
  if ('faults' in parsed) throw new StartError(parsed.faults);
  const config = toConfig(parsed.settings);
  refuseUnshared(config);
  return config;
}

/** Variables that look like settings and are none. */
export function unknownVariables(environment = process.env): ReturnType<typeof unknownSettings> {
  return unknownSettings(environment);
}

/** The settings as they may be logged. */
export function redacted(config: Config): object {
  const hide = (value: unknown) => (value === null ? null : '[redacted]');
  return {
    ...config,
    databaseUrl: hide(config.databaseUrl),
    redisUrl: hide(config.redisUrl),
    tokenSecret: hide(config.tokenSecret),
    relaySecrets: hide(config.relaySecrets),
    ownRelaySecrets: config.ownRelaySecrets.map(([relayId]) => [relayId, '[redacted]']),
    metricsToken: hide(config.metricsToken),
    adminToken: hide(config.adminToken),
  };
}

/** What is made up and kept in a data directory is unknown to other nodes. */
function refuseUnshared({ redisUrl, databaseUrl, tokenSecret, relaySecrets }: Config): void {
  if (redisUrl === null) return;
  const needed = {
    DATABASE_URL: databaseUrl,
    LANRAGE_TOKEN_SECRET: tokenSecret,
    LANRAGE_RELAY_SECRET: relaySecrets,
  };
  const missing = Object.entries(needed).flatMap(([name, value]) => (value === null ? [name] : []));
  if (missing.length === 0) return;
  throw new StartError(`With REDIS_URL, set ${missing.join(', ')} as well: the same for every node.`);
}

function toConfig(env: z.output<typeof environmentSchema>): Config {
  return {
    httpPort: env.LANRAGE_HTTP_PORT,
    httpBind: env.LANRAGE_HTTP_BIND,
    publicUrl: env.LANRAGE_PUBLIC_URL ? new URL(env.LANRAGE_PUBLIC_URL) : null,
    publicAddress: env.LANRAGE_PUBLIC_ADDRESS ?? null,
    trustedProxies: env.LANRAGE_TRUST_PROXY,
    dataDirectory: resolve(env.LANRAGE_DATA),
    databaseUrl: env.DATABASE_URL ?? null,
    databaseConnections: env.LANRAGE_DATABASE_CONNECTIONS,
    redisUrl: env.REDIS_URL ?? null,
    tokenSecret: env.LANRAGE_TOKEN_SECRET ?? null,
    tokenLifetimeSeconds: env.LANRAGE_TOKEN_LIFETIME_SECONDS,
    relaySecrets: env.LANRAGE_RELAY_SECRET ?? null,
    ownRelaySecrets: env.LANRAGE_RELAY_SECRETS,
    metricsToken: env.LANRAGE_METRICS_TOKEN ?? null,
    adminToken: env.LANRAGE_ADMIN_TOKEN ?? null,
    presenceTimeoutSeconds: env.LANRAGE_PRESENCE_TIMEOUT_SECONDS,
    defaultPeers: Math.min(env.LANRAGE_PARTY_DEFAULT_PEERS, env.LANRAGE_PARTY_MAX_PEERS),
    maxPeers: env.LANRAGE_PARTY_MAX_PEERS,
    connectionsPerAddress: env.LANRAGE_LIMIT_CONNECTIONS,
    partiesPerAddress: env.LANRAGE_LIMIT_PARTIES,
    publicPartiesPerAddress: env.LANRAGE_LIMIT_PUBLIC_PARTIES,
    persistentPartiesPerOwner: env.LANRAGE_LIMIT_PERSISTENT_PARTIES,
    keepEmptyDays: env.LANRAGE_PARTY_KEEP_DAYS,
    limits: {
      requests: env.LANRAGE_LIMIT_REQUESTS,
      signIns: env.LANRAGE_LIMIT_SIGN_INS,
      creates: env.LANRAGE_LIMIT_CREATES,
      joins: env.LANRAGE_LIMIT_JOINS,
      passwords: env.LANRAGE_LIMIT_PASSWORDS,
      searches: env.LANRAGE_LIMIT_SEARCHES,
      adminTokens: env.LANRAGE_LIMIT_ADMIN_TOKENS,
    },
    logLevel: env.LANRAGE_LOG_LEVEL,
  };
}
