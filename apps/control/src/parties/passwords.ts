/**
 * Party passwords at rest: scrypt (RFC 7914) with a salt of its own for each, written as
 * `$scrypt$ln=15,r=8,p=1$salt$hash` in the PHC string format, so that a stored one outlives a change of parameters.
 */
import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { LanrageError } from '#shared/errors';

/** 32 MiB and about 0.1 s for each. */
const LOG2_N = 15;
const BLOCK_SIZE = 8;
const PARALLELIZATION = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Node computes them on four threads, which files and names need as well. */
const MOST_AT_ONCE = 2;
const MOST_WAITING = 100;

const stored = /^\$scrypt\$ln=(?<ln>\d+),r=(?<r>\d+),p=(?<p>\d+)\$(?<salt>[\w-]+)\$(?<hash>[\w-]+)$/;

/** @throws LanrageError RATE_LIMITED when the server has too many passwords to compute just now */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, HASH_BYTES, LOG2_N, BLOCK_SIZE, PARALLELIZATION);
  const parameters = `ln=${LOG2_N},r=${BLOCK_SIZE},p=${PARALLELIZATION}`;
  return `$scrypt$${parameters}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

/** @throws LanrageError RATE_LIMITED when the server has too many passwords to compute just now */
export async function passwordMatches(password: string, passwordHash: string): Promise<boolean> {
  const { ln, r, p, salt = '', hash = '' } = stored.exec(passwordHash)?.groups ?? {};
  const expected = Buffer.from(hash, 'base64url');
  if (expected.length === 0) throw new Error('the stored password hash cannot be read');
  const saltBytes = Buffer.from(salt, 'base64url');
  const given = await derive(password, saltBytes, expected.length, Number(ln), Number(r), Number(p));
  return timingSafeEqual(given, expected);
}

let running = 0;
const waiting: (() => void)[] = [];

async function derive(
  password: string,
  salt: Buffer,
  bytes: number,
  log2N: number,
  r: number,
  p: number,
): Promise<Buffer> {
  await takeTurn();
  try {
    const N = 2 ** log2N;
    return await scryptAsync(password, salt, bytes, { N, r, p, maxmem: 256 * N * r });
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

async function takeTurn(): Promise<void> {
  if (running < MOST_AT_ONCE) {
    running += 1;
    return;
  }
  if (waiting.length >= MOST_WAITING) throw new LanrageError('RATE_LIMITED', { retryAfterSeconds: 10 });
  await new Promise<void>((resolve) => waiting.push(resolve));
}

function scryptAsync(password: string, salt: Buffer, bytes: number, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(password, salt, bytes, options, (error, key) => (error ? reject(error) : resolve(key))),
  );
}
