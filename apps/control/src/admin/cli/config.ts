import { z } from 'zod';
import { ConfigError, parseSettings } from '#shared/settings';

/** Where the command finds the server, and by what it is let in. */
export interface AdminConfig {
  /** Control plane, an http(s) URL. */
  readonly server: string;
  readonly token: string;
}

const environmentSchema = z.object({
  LANRAGE_SERVER: z
    .url({ protocol: /^https?$/, error: 'an http(s) URL, such as https://lan.example.org' })
    .default('http://127.0.0.1:8080'),
  LANRAGE_ADMIN_TOKEN: z.string({ error: "missing; it has to be the server's" }),
});

/** @param server by flag, which wins @throws ConfigError */
export function readConfig(server: string | undefined, environment = process.env): AdminConfig {
  const parsed = parseSettings(environmentSchema, {
    ...environment,
    ...(server !== undefined && { LANRAGE_SERVER: server }),
  });
  if ('faults' in parsed) throw new ConfigError(parsed.faults);
  return { server: parsed.settings.LANRAGE_SERVER, token: parsed.settings.LANRAGE_ADMIN_TOKEN };
}
