import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { parseIpAddress } from '#shared/ip-address';
import { parseSettings } from '#shared/settings';
import { ConfigError } from '#shared/settings';
import { sudoUser } from '../config';
import type { SudoUser } from '../sudo-user';
import type { ServerPorts } from './reach';

/** Two for each player: a party of that size surely finds room on the relay, and one player more would. */
const RELAY_PORTS_PER_PLAYER = 2;
const FIRST_RELAY_PORT = 51_900;

const port = z.coerce.number().int().min(1).max(65_534);
const environmentSchema = z.object({
  LANRAGE_PUBLIC_ADDRESS: z
    .string()
    .refine((text) => parseIpAddress(text) !== undefined, 'not an IP address')
    .optional(),
  LANRAGE_HTTP_PORT: port.default(8080),
  LANRAGE_STUN_PORT: port.default(3478),
  LANRAGE_RELAY_PORTS: z
    .string()
    .regex(/^\d{1,5}-\d{1,5}$/, 'two ports, as in 51900-51915')
    .transform((text) => text.split('-').map(Number) as [number, number])
    .refine(([first, last]) => first >= 1 && first <= last && last <= 65_535, 'not a range of ports')
    .optional(),
  LANRAGE_DATA: z.string().optional(),
});

/** The settings of a server that runs for as long as its host plays. */
export interface OwnServerConfig {
  /** IP address that friends reach, where the host knows it; the router is then not asked for ports. */
  readonly publicAddress: string | undefined;
  readonly ports: ServerPorts;
  /** Absolute or relative path of the database and secrets. */
  readonly dataFolder: string;
  /** Who runs the server; undefined: the user of this process. */
  readonly user: SudoUser | undefined;
  /** The environment of control plane and relay at this address. */
  environmentAt(address: string): NodeJS.ProcessEnv;
}

/** @param home state folder of the agent @throws ConfigError */
export function readOwnServerConfig(
  home: string,
  maxPlayers: number,
  environment = process.env,
): OwnServerConfig {
  const parsed = parseSettings(environmentSchema, environment);
  if ('faults' in parsed) throw new ConfigError(parsed.faults);
  const { settings } = parsed;
  const user = sudoUser(environment);
  const [firstRelayPort, lastRelayPort] = settings.LANRAGE_RELAY_PORTS ?? [
    FIRST_RELAY_PORT,
    FIRST_RELAY_PORT + RELAY_PORTS_PER_PLAYER * maxPlayers - 1,
  ];
  const stunPort = settings.LANRAGE_STUN_PORT;
  const ports = {
    http: settings.LANRAGE_HTTP_PORT,
    stun: [stunPort, stunPort + 1],
    relay: [firstRelayPort, lastRelayPort],
  } as const;
  // PostgreSQL's files belong to who runs it.
  const dataFolder = settings.LANRAGE_DATA ?? join(home, user ? `server-${user.uid}` : 'server');
  const relaySecret = randomBytes(32).toString('hex');
  return {
    publicAddress: settings.LANRAGE_PUBLIC_ADDRESS,
    ports,
    dataFolder,
    user,
    environmentAt: (address) => ({
      // A log for those who run a server; here only what goes wrong is told.
      LANRAGE_LOG_LEVEL: 'error',
      // The host's firewall stays as it is.
      LANRAGE_RELAY_FAST_PATH: 'off',
      LANRAGE_RELAY_METRICS_PORT: '0',
      LANRAGE_HTTP_BIND: address.includes(':') ? '::' : '0.0.0.0',
      LANRAGE_PARTY_DEFAULT_PEERS: String(maxPlayers),
      LANRAGE_PARTY_MAX_PEERS: String(maxPlayers),
      ...environment,
      LANRAGE_DATA: dataFolder,
      LANRAGE_PUBLIC_ADDRESS: address,
      LANRAGE_HTTP_PORT: String(ports.http),
      LANRAGE_CONTROL_URL: `http://127.0.0.1:${ports.http}`,
      LANRAGE_STUN_PORT: String(ports.stun[0]),
      LANRAGE_STUN_ALTERNATE_PORT: String(ports.stun[1]),
      LANRAGE_RELAY_PORTS: ports.relay.join('-'),
      LANRAGE_RELAY_SECRET: relaySecret,
    }),
  };
}
