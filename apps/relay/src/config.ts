import { z } from 'zod';
import { formatIpAddress, parseIpAddress } from '#shared/ip-address';
import { LONGEST_DRAIN_MS } from '#shared/api/relay-link';
import { unknownSettings } from '#shared/setting-names';
import { ConfigError, parseSettings } from '#shared/settings';
import { portCount, type PortRange } from './core/port-choice';
import type { FastPathKind } from './fastpath/open';
import type { StunAddress } from './stun/server';
import { isWildcard } from './udp/wildcard';

const port = z.coerce.number().int().min(0).max(65_535);
const secret = z.string().min(16, 'at least 16 characters');
const ipAddress = z.string().transform((text, context) => {
  const bytes = parseIpAddress(text);
  if (bytes) return formatIpAddress(bytes);
  context.addIssue({ code: 'custom', message: 'not an IP address' });
  return z.NEVER;
});

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
      .string({ error: 'missing; use the LANRAGE_RELAY_SECRET of the control plane' })
      .transform((list) => list.split(',').map((entry) => entry.trim()))
      .pipe(z.tuple([secret], secret)),
    LANRAGE_RELAY_ID: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'up to 64 letters, digits and ._-')
      .optional(),
    LANRAGE_RELAY_REGION: z.string().min(1).max(32).default('local'),
    LANRAGE_RELAY_PORTS: portRange.default({ first: 51_900, last: 52_155 }),
    LANRAGE_RELAY_BIND: ipAddress.optional(),
    LANRAGE_RELAY_FAST_PATH: z.enum(['auto', 'nftables', 'off']).default('auto'),
    LANRAGE_RELAY_IO: z.enum(['auto', 'dgram']).default('auto'),
    LANRAGE_RELAY_DRAIN_SECONDS: z.coerce
      .number()
      .int()
      .min(0)
      .max(LONGEST_DRAIN_MS / 1000)
      .default(60),
    LANRAGE_RELAY_IDLE_HOURS: z.coerce.number().positive().max(10_000).default(24),
    LANRAGE_PUBLIC_ADDRESS: ipAddress,
    LANRAGE_STUN_PORT: port.default(3478),
    LANRAGE_STUN_ALTERNATE_PORT: port.optional(),
    LANRAGE_STUN_ALTERNATE_ADDRESS: ipAddress.optional(),
    LANRAGE_STUN_ALTERNATE_BIND: ipAddress.optional(),
    LANRAGE_RELAY_METRICS_PORT: port.default(9101),
    LANRAGE_RELAY_METRICS_BIND: ipAddress.default('127.0.0.1'),
    LANRAGE_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  })
  .superRefine((env, context) => {
    for (const [setting, message] of [...bindFaults(env), ...stunFaults(env)]) {
      context.addIssue({ code: 'custom', path: [setting], message });
    }
  });

interface AddressSettings {
  readonly LANRAGE_PUBLIC_ADDRESS: string;
  readonly LANRAGE_RELAY_BIND?: string | undefined;
  readonly LANRAGE_STUN_ALTERNATE_BIND?: string | undefined;
}

interface StunSettings extends AddressSettings {
  readonly LANRAGE_RELAY_PORTS: PortRange;
  readonly LANRAGE_STUN_PORT: number;
  readonly LANRAGE_STUN_ALTERNATE_PORT?: number | undefined;
  readonly LANRAGE_STUN_ALTERNATE_ADDRESS?: string | undefined;
}

/** A socket of one family hears nothing of the other. */
function bindFaults(env: AddressSettings): [setting: string, fault: string][] {
  const address = env.LANRAGE_PUBLIC_ADDRESS;
  const binds = {
    LANRAGE_RELAY_BIND: bindAddress(env),
    LANRAGE_STUN_ALTERNATE_BIND: env.LANRAGE_STUN_ALTERNATE_BIND ?? address,
  };
  return Object.entries(binds)
    .filter(([, bind]) => isIpv6(bind) !== isIpv6(address))
    .map(([setting]) => [setting, 'of another family than the public address']);
}

function stunFaults(env: StunSettings): [setting: string, fault: string][] {
  const { first, last } = env.LANRAGE_RELAY_PORTS;
  const isRelayed = (candidate: number) => candidate >= first && candidate <= last;
  const [port, alternatePort] = stunPorts(env);
  const [address, alternate] = [env.LANRAGE_PUBLIC_ADDRESS, env.LANRAGE_STUN_ALTERNATE_ADDRESS];
  const faults: [string, string | false | undefined][] = [
    ['LANRAGE_STUN_PORT', isRelayed(port) && 'lies in LANRAGE_RELAY_PORTS'],
    ['LANRAGE_STUN_ALTERNATE_PORT', isRelayed(alternatePort) && 'lies in LANRAGE_RELAY_PORTS'],
    ['LANRAGE_STUN_ALTERNATE_PORT', alternatePort > 65_535 && 'needed, as LANRAGE_STUN_PORT is the last'],
    ['LANRAGE_STUN_ALTERNATE_PORT', port !== 0 && alternatePort === port && 'is LANRAGE_STUN_PORT'],
    ['LANRAGE_STUN_ALTERNATE_ADDRESS', alternate === address && 'is the public address'],
    [
      'LANRAGE_STUN_ALTERNATE_ADDRESS',
      alternate && isIpv6(alternate) !== isIpv6(address) && 'of another family than the public address',
    ],
  ];
  return faults.flatMap(([setting, fault]) => (fault ? [[setting, fault]] : []));
}

/** Every setting of the relay; the README's table explains them. */
export interface Config {
  readonly controlUrl: string;
  readonly secret: string;
  readonly relayId: string;
  readonly region: string;
  readonly ports: PortRange;
  /** Local IP address of the sockets for players. */
  readonly bindAddress: string;
  /** How the kernel shall forward where it can. */
  readonly fastPath: FastPathKind | 'off';
  /** Whether many datagrams at a time shall be read and sent where that can be had. */
  readonly isBatchingWanted: boolean;
  /** Pairs without traffic are closed after this time while the control plane is away. */
  readonly idleMs: number;
  /** How long a relay that is told to stop waits for its pairs to move to others; 0: not at all. */
  readonly drainMs: number;
  /** IP address to which players send. */
  readonly publicAddress: string;
  /** Two UDP ports; 0: any. */
  readonly stunPorts: readonly [number, number];
  /** Addresses of STUN, on this machine and as players see them. The first is not a wildcard if there are two. */
  readonly stunAddresses: readonly [StunAddress, StunAddress?];
  readonly metricsPort: number;
  readonly metricsBindAddress: string;
  readonly logLevel: string;
}

/** @param ownAddress IP address that is announced when none is set @throws ConfigError */
export function readConfig(ownAddress: string, environment: NodeJS.ProcessEnv = process.env): Config {
  const address = environment['LANRAGE_PUBLIC_ADDRESS'] || ownAddress;
  const parsed = parseSettings(environmentSchema, { ...environment, LANRAGE_PUBLIC_ADDRESS: address });
  if ('faults' in parsed) throw new ConfigError(parsed.faults);
  return toConfig(parsed.settings);
}

/** Variables that look like settings and are none. */
export function unknownVariables(environment = process.env): ReturnType<typeof unknownSettings> {
  return unknownSettings(environment);
}

/** The settings as they may be logged. */
export function redacted(config: Config): object {
  return { ...config, secret: '[redacted]' };
}

function toConfig(env: z.output<typeof environmentSchema>): Config {
  return {
    controlUrl: env.LANRAGE_CONTROL_URL ?? `http://127.0.0.1:${env.LANRAGE_HTTP_PORT}`,
    secret: env.LANRAGE_RELAY_SECRET[0],
    relayId: env.LANRAGE_RELAY_ID ?? defaultRelayId(env.LANRAGE_PUBLIC_ADDRESS, env.LANRAGE_RELAY_PORTS),
    region: env.LANRAGE_RELAY_REGION,
    ports: env.LANRAGE_RELAY_PORTS,
    bindAddress: bindAddress(env),
    fastPath: env.LANRAGE_RELAY_FAST_PATH,
    isBatchingWanted: env.LANRAGE_RELAY_IO === 'auto',
    idleMs: env.LANRAGE_RELAY_IDLE_HOURS * 3_600_000,
    drainMs: env.LANRAGE_RELAY_DRAIN_SECONDS * 1000,
    publicAddress: env.LANRAGE_PUBLIC_ADDRESS,
    stunPorts: stunPorts(env),
    stunAddresses: stunAddresses(env),
    metricsPort: env.LANRAGE_RELAY_METRICS_PORT,
    metricsBindAddress: env.LANRAGE_RELAY_METRICS_BIND,
    logLevel: env.LANRAGE_LOG_LEVEL,
  };
}

function stunPorts(env: StunSettings): [number, number] {
  const { LANRAGE_STUN_PORT: first, LANRAGE_STUN_ALTERNATE_PORT: second } = env;
  return [first, second ?? (first === 0 ? 0 : first + 1)];
}

/** A socket on the wildcard address would take the datagrams for the second one, and answer from any. */
function stunAddresses(env: z.output<typeof environmentSchema>): [StunAddress, StunAddress?] {
  const { LANRAGE_STUN_ALTERNATE_ADDRESS: alternate } = env;
  const [address, bind] = [env.LANRAGE_PUBLIC_ADDRESS, bindAddress(env)];
  if (!alternate) return [{ bind, public: address }];
  return [
    { bind: isWildcard(bind) ? address : bind, public: address },
    { bind: env.LANRAGE_STUN_ALTERNATE_BIND ?? alternate, public: alternate },
  ];
}

/**
 * All IPv4 addresses unless told. Of IPv6 a machine has several as a rule, and from a socket on all of them the kernel
 * might answer from another one than was asked, which players' firewalls do not let in.
 */
function bindAddress(env: AddressSettings): string {
  const address = env.LANRAGE_PUBLIC_ADDRESS;
  return env.LANRAGE_RELAY_BIND ?? (isIpv6(address) ? address : '0.0.0.0');
}

function isIpv6(address: string): boolean {
  return address.includes(':');
}

/** The name of a relay that was given none: it stays from start to start, and no other relay has it, as a host name may. */
function defaultRelayId(address: string, { first }: PortRange): string {
  return `${address.replaceAll(':', '-').replace(/^-+/, '')}-${first}`;
}
