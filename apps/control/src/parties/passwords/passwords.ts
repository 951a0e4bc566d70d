/**
 * Party passwords at rest: scrypt (RFC 7914) with a salt of its own for each, written as
 * `$scrypt$ln=15,r=8,p=1$salt$hash` in the PHC string format, so that a stored one outlives a change of parameters. Who
 * computes them takes turns: password-turns.ts.
 */
import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';

/** 32 MiB and about 0.1 s for each. */
const LOG2_N = 15;
const BLOCK_SIZE = 8;
const PARALLELIZATION = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

const stored = /^\$scrypt\$ln=(?<ln>\d+),r=(?<r>\d+),p=(?<p>\d+)\$(?<salt>[\w-]+)\$(?<hash>[\w-]+)$/;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, HASH_BYTES, LOG2_N, BLOCK_SIZE, PARALLELIZATION);
  const parameters = `ln=${LOG2_N},r=${BLOCK_SIZE},p=${PARALLELIZATION}`;
  return `$scrypt$${parameters}$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

export async function passwordMatches(password: string, passwordHash: string): Promise<boolean> {
  const { ln, r, p, salt = '', hash = '' } = stored.exec(passwordHash)?.groups ?? {};
  const expected = Buffer.from(hash, 'base64url');
  if (expected.length === 0) throw new Error('the stored password hash cannot be read');
  const saltBytes = Buffer.from(salt, 'base64url');
  const given = await derive(password, saltBytes, expected.length, Number(ln), Number(r), Number(p));
  return timingSafeEqual(given, expected);
}

function derive(
  password: string,
  salt: Buffer,
  bytes: number,
  log2N: number,
  r: number,
  p: number,
): Promise<Buffer> {
  const N = 2 ** log2N;
  return scryptAsync(password, salt, bytes, { N, r, p, maxmem: 256 * N * r });
}

function scryptAsync(password: string, salt: Buffer, bytes: number, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(password, salt, bytes, options, (error, key) => (error ? reject(error) : resolve(key))),
  );
}
