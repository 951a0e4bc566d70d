import type { z } from 'zod';

/** Settings as a schema wants them, or one text that says all that is wrong with them. */
export type ParsedSettings<Schema extends z.ZodType> =
  { readonly settings: z.output<Schema> } | { readonly faults: string };

/** Settings that cannot be used: every fault in one message. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Settings from an environment's variables; one that is empty counts as not set. */
export function parseSettings<Schema extends z.ZodType>(
  schema: Schema,
  environment: Readonly<Record<string, string | undefined>>,
): ParsedSettings<Schema> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return { settings: parsed.data };
  const faults = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  return { faults: `These settings are wrong:\n${faults.join('\n')}` };
}
