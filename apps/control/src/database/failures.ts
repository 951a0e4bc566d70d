/** What Prisma's and the driver's errors mean to us. */
import { isNativeError } from 'node:util/types';
import { z } from 'zod';
import { LanrageError } from '#shared/errors';

const RETRY_SECONDS = 2;

const databaseErrorSchema = z.object({
  /** Prisma's own (P…), the operating system's (E…), an SQLSTATE from the bare driver, or absent. */
  code: z.string().optional(),
  message: z.string(),
  /** The driver's name of the constraint that was violated. */
  constraint: z.string().optional(),
  meta: z
    .object({
      driverAdapterError: z.object({
        cause: z.object({
          /** The adapter's own classes */
          kind: z.string(),
          /** SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html */
          originalCode: z.string().optional(),
        }),
      }),
    })
    .optional(),
});

const awayCodes = new Set([
  ...[
    'ENOENT',
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENOTFOUND',
    'EAI_AGAIN',
  ],
  ...['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2037'],
]);

const awayKinds = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
]);

/** Class 08: connection exceptions; 57P01 to 57P03: shutting down or starting; 53300: too many connections. */
const awayState = /^(08...|57P0[123]|53300)$/;

/** The driver's own words, which carry no code. */
const awayMessage =
  /^(Query read timeout|timeout exceeded when trying to connect|timeout expired|Connection terminated|Client (has encountered a connection error|was closed) and is not queryable)/;

const UNIQUE_VIOLATION = '23505';

/** Is the database down, or out of reach, so that the same statement can work later? */
export function isDatabaseAway(thrown: unknown): boolean {
  const error = parse(thrown);
  if (!error) return false;
  const { code = '', message } = error;
  const { kind = '', originalCode: state = code } = error.meta?.driverAdapterError.cause ?? {};
  return awayCodes.has(code) || awayKinds.has(kind) || awayState.test(state) || awayMessage.test(message);
}

/** What was thrown, as a refusal that may be shown, if it is one or the database is away; null for what nobody foresaw. */
export function toRefusal(thrown: unknown): LanrageError | null {
  if (thrown instanceof LanrageError) return thrown;
  if (!isDatabaseAway(thrown)) return null;
  return new LanrageError('CONTROL_UNAVAILABLE', {
    message: 'The server cannot reach its database right now. Try again in a moment.',
    retryAfterSeconds: RETRY_SECONDS,
    cause: thrown,
  });
}

/** The unique constraint that a statement ran into, or null when it failed for another reason. */
export function violatedConstraint(thrown: unknown): string | null {
  const error = parse(thrown);
  return error?.code === UNIQUE_VIOLATION ? (error.constraint ?? null) : null;
}

function parse(thrown: unknown): z.output<typeof databaseErrorSchema> | null {
  if (!isNativeError(thrown)) return null;
  const { message } = thrown;
  const parsed = databaseErrorSchema.safeParse({ ...thrown, message });
  return parsed.success ? parsed.data : null;
}
