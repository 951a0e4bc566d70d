import { hostname, networkInterfaces } from 'node:os';
import { z } from 'zod';
import { portCount, type PortRange } from './core/port-choice';

const port = z.coerce.number().int().min(0).max(65_535);
const secret = z.string().min(16, 'at least 16 characters');
const ipAddress = z.union([z.ipv4(), z.ipv6()], { error: 'not an IP address' });

const portRange = z
  .string()
  .regex(/^\d{1,5}-\d{1,5}$/, 'two ports, as in 51900-52155')
  .transform((text): PortRange => {
    const [first, last] = text.split('-').map(Number);
    return { first: first ?? 0, last: last ?? 0 };
  })
  .refine(
    (range) => range.first >= 1 && range.last <= 65_535 && portCount(range) >= 1,
    'not a range of ports',
  );

const environmentSchema = z
  .object({
    LANRAGE_HTTP_PORT: port.default(8080),
    LANRAGE_CONTROL_URL: z.url({ protocol: /^https?$/ }).optional(),
    LANRAGE_RELAY_SECRET: z
      .string({ error: 'missing; it is what the control plane has as LANRAGE_RELAY_SECRET' })
      .transform((list) => list.split(',').map((entry) => entry.trim()))
      .pipe(z.tuple([secret], secret)),
    LANRAGE_RELAY_ID: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'up to 64 letters, digits and ._-')
      .optional(),
    LANRAGE_RELAY_REGION: z.string().min(1).max(32).default('local'),
    LANRAGE_RELAY_PORTS: portRange.default({ first: 51_900, last: 52_155 }),
    LANRAGE_RELAY_BIND: ipAddress.default('0.0.0.0'),
    LANRAGE_RELAY_IDLE_HOURS: z.coerce.number().positive().max(10_000).default(24),
    LANRAGE_PUBLIC_ADDRESS: ipAddress.optional(),
    LANRAGE_STUN_PORT: port.default(3478),
    LANRAGE_RELAY_METRICS_PORT: port.default(9101),
    LANRAGE_RELAY_METRICS_BIND: ipAddress.default('127.0.0.1'),
    LANRAGE_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  })
  .refine(
    ({ LANRAGE_STUN_PORT: stun, LANRAGE_RELAY_PORTS: { first, last } }) => stun < first || stun > last,
    {
      path: ['LANRAGE_STUN_PORT'],
      message: 'lies in LANRAGE_RELAY_PORTS',
    },
  );

/** Every setting of the relay; the README's table explains them. */
export interface Config {
  readonly controlUrl: string;
  readonly secret: string;
  readonly relayId: string;
  readonly region: string;
  readonly ports: PortRange;
  /** Local IP address of the sockets for players. */
  readonly bindAddress: string;
  /** Pairs without traffic are closed after this time while the control plane is away. */
  readonly idleMs: number;
  /** IP address to which players send. */
  readonly publicAddress: string;
  readonly stunPort: number;
  readonly metricsPort: number;
  readonly metricsBindAddress: string;
  readonly logLevel: string;
}

/** Names every setting that is wrong, in one message for the person who runs the relay. */
export class ConfigError extends Error {}

/** @throws ConfigError */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(`These settings are wrong:\n${faults.join('\n')}`);
  }
  return toConfig(parsed.data);
}

/** The settings as they may be logged. */
export function redacted(config: Config): object {
  return { ...config, secret: '[redacted]' };
}

function toConfig(env: z.output<typeof environmentSchema>): Config {
  return {
    controlUrl: env.LANRAGE_CONTROL_URL ?? `http://127.0.0.1:${env.LANRAGE_HTTP_PORT}`,
    secret: env.LANRAGE_RELAY_SECRET[0],
    relayId: env.LANRAGE_RELAY_ID ?? defaultRelayId(env.LANRAGE_RELAY_PORTS),
    region: env.LANRAGE_RELAY_REGION,
    ports: env.LANRAGE_RELAY_PORTS,
    bindAddress: env.LANRAGE_RELAY_BIND,
    idleMs: env.LANRAGE_RELAY_IDLE_HOURS * 3_600_000,
    publicAddress: env.LANRAGE_PUBLIC_ADDRESS ?? firstPublicAddress(),
    stunPort: env.LANRAGE_STUN_PORT,
    metricsPort: env.LANRAGE_RELAY_METRICS_PORT,
    metricsBindAddress: env.LANRAGE_RELAY_METRICS_BIND,
    logLevel: env.LANRAGE_LOG_LEVEL,
  };
}

/** The same at every start, and different for two relays on one machine, which cannot share ports. */
function defaultRelayId({ first }: PortRange): string {
  const host = hostname()
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 50);
  return `${host || 'relay'}-${first}`;
}

/** The first address of this machine that other machines can reach, as far as the machine knows. */
function firstPublicAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
