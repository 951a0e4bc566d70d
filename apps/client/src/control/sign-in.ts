import { z } from 'zod';
import { CHALLENGE_LIFETIME_SECONDS, challengeSchema, tokenGrantSchema } from '#shared/api/rest';
import { computeProof, sharedSecret } from '#shared/auth/proof';
import type { Identity } from '../identity';
import type { ControlHttp } from './http';

/** For both requests together. */
const SIGN_IN_LIMIT_MS = 4_000;
/** Part of a token's life after which it is renewed. */
const RENEW_AT = 0.8;
/** Whatever the server says: an agent neither signs in all the time, nor sets a timer that no clock has (2^31 ms). */
const LIFETIME_MS = { least: 250, most: 7 * 86_400_000 } as const;

interface Grant {
  readonly token: string;
  readonly renewAtMs: number;
}

/** Proves possession of the WireGuard key to the control plane, and keeps the token that this earns. */
export class SignIn {
  private grant: Grant | undefined;
  private running: Promise<Grant> | undefined;

  constructor(
    private readonly http: ControlHttp,
    private readonly server: URL,
    private readonly identity: Identity,
  ) {}

  /** A token that is good for a while; asks the server only when there is none. @throws LanrageError */
  async token(): Promise<string> {
    if (this.grant && Date.now() < this.grant.renewAtMs) return this.grant.token;
    return this.renew();
  }

  /** A new token, whatever there was. @throws LanrageError */
  async renew(): Promise<string> {
    this.running ??= this.prove().finally(() => (this.running = undefined));
    this.grant = await this.running;
    return this.grant.token;
  }

  /** The server refused this token: forget it, unless there is a newer one already. */
  reject(token: string): void {
    if (this.grant?.token === token) this.grant = undefined;
  }

  /** Milliseconds until the token should be renewed; undefined without one. */
  renewalDueInMs(): number | undefined {
    return this.grant && Math.max(0, this.grant.renewAtMs - Date.now());
  }

  private async prove(): Promise<Grant> {
    const { privateKey, publicKey } = this.identity;
    const signal = AbortSignal.timeout(SIGN_IN_LIMIT_MS);
    const challenge = await this.http.request({
      method: 'POST',
      path: '/v1/auth/challenge',
      body: { publicKey },
      answer: challengeSchema,
      signal,
    });
    const proof = computeProof(sharedSecret(privateKey, challenge.serverPublicKey), {
      ...challenge,
      agentPublicKey: publicKey,
      serverName: this.server.host,
    });
    const grant = await this.http.request({
      method: 'POST',
      path: '/v1/auth/token',
      body: { challengeId: challenge.challengeId, proof: proof.toString('base64') },
      answer: tokenGrantSchema,
      signal,
    });
    return { token: grant.token, renewAtMs: Date.now() + RENEW_AT * lifetimeMs(challenge, grant) };
  }
}

/** From the server's clock alone, as the player's may be wrong: a challenge tells when it was made. */
function lifetimeMs(
  challenge: z.output<typeof challengeSchema>,
  grant: z.output<typeof tokenGrantSchema>,
): number {
  const madeAtMs = Date.parse(challenge.expiresAt) - CHALLENGE_LIFETIME_SECONDS * 1_000;
  const lifetimeMs = Date.parse(grant.expiresAt) - madeAtMs;
  return Math.min(Math.max(LIFETIME_MS.least, lifetimeMs), LIFETIME_MS.most);
}
