import { randomBytes, type KeyObject } from 'node:crypto';
import { parsePrivateKey, publicKeyOf } from '#shared/auth/proof';

const KEY_BYTES = 32;
/** For how long one key pair answers challenges. */
const KEY_LIFETIME_MS = 60_000;
/** More than the nodes of a server have in use at a time: each has two at the most. */
const MOST_PARSED = 64;

/** A short-lived X25519 key pair of the server. */
export interface ServerKey {
  /** 32 bytes, base64: what nodes hand on to one another */
  readonly privateKey: string;
  /** base64 */
  readonly publicKey: string;
}

/**
 * The server's half of sign-ins. A pair serves all challenges of a minute: OpenSSL takes 0.6 ms to read a private key,
 * several times as long as all else about a sign-in, and it is the nonce that makes each proof unique.
 */
export class ServerKeys {
  private current: (ServerKey & { readonly replaceAtMs: number }) | null = null;
  /** By their base64, the oldest first. */
  private readonly parsed = new Map<string, KeyObject>();

  /** The pair for a challenge that is made now. */
  at(nowMs: number): ServerKey {
    if (!this.current || nowMs >= this.current.replaceAtMs) this.current = this.generate(nowMs);
    return this.current;
  }

  /** @param privateKey of a pair that this node made, or another one */
  parse(privateKey: string): KeyObject {
    const known = this.parsed.get(privateKey);
    if (known) return known;
    const key = parsePrivateKey(Buffer.from(privateKey, 'base64'));
    const [oldest] = this.parsed.keys();
    if (this.parsed.size >= MOST_PARSED && oldest !== undefined) this.parsed.delete(oldest);
    this.parsed.set(privateKey, key);
    return key;
  }

  private generate(nowMs: number): ServerKey & { readonly replaceAtMs: number } {
    const privateKey = randomBytes(KEY_BYTES).toString('base64');
    const publicKey = publicKeyOf(this.parse(privateKey));
    return { privateKey, publicKey, replaceAtMs: nowMs + KEY_LIFETIME_MS };
  }
}
