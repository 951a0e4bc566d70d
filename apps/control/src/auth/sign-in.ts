import {
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import {
  CHALLENGE_LIFETIME_SECONDS,
  type challengeSchema,
  type tokenGrantSchema,
  type TokenRequest,
} from '#shared/api/rest';
import { computeProof, proofMatches, publicKeyText, sharedSecret } from '#shared/auth/proof';
import { LanrageError } from '#shared/errors';
import { peerIdOf } from '#shared/party/identity';
import type { PublicKey } from '#shared/wireguard/key';
import { CONFIG, type Config } from '../config';
import type { Cluster } from '../cluster/cluster';
import { CLUSTER } from '../cluster/cluster.module';
import { BannedKeys } from './banned-keys';
import { Tokens } from './tokens';

const NONCE_BYTES = 32;

/** A sign-in that was started: what the proof has to be computed from. */
interface OpenChallenge {
  /** 32 bytes */
  readonly nonce: Buffer;
  /** Our one-time X25519 private key */
  readonly privateKey: KeyObject;
  /** The public key that belongs to it, base64 */
  readonly serverPublicKey: string;
  /** Whose possession is to be proven, base64 */
  readonly agentPublicKey: PublicKey;
}

/** Signs agents in: only the holder of a WireGuard private key gets a token for the peer that its public key names. */
@Injectable()
export class SignIn {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLUSTER) private readonly cluster: Cluster,
    private readonly tokens: Tokens,
    private readonly bannedKeys: BannedKeys,
  ) {}

  async challenge(agentPublicKey: PublicKey, nowMs: number): Promise<z.input<typeof challengeSchema>> {
    const challengeId = randomUUID();
    const nonce = randomBytes(NONCE_BYTES);
    const { privateKey, publicKey } = generateKeyPairSync('x25519');
    const serverPublicKey = publicKeyText(publicKey);
    const text = toText({ nonce, privateKey, serverPublicKey, agentPublicKey });
    const lifetimeMs = CHALLENGE_LIFETIME_SECONDS * 1000;
    await this.cluster.oneTime.put(challengeId, text, lifetimeMs);
    const expiresAt = new Date(nowMs + lifetimeMs).toISOString();
    return { challengeId, serverPublicKey, nonce: nonce.toString('base64'), expiresAt };
  }

  /**
   * @param host the Host header: what the agent believes it talks to
   * @throws LanrageError CHALLENGE_EXPIRED, PROOF_REJECTED, BANNED_FROM_SERVER
   */
  async redeem(
    { challengeId, proof }: TokenRequest,
    host: string,
    nowMs: number,
  ): Promise<z.input<typeof tokenGrantSchema>> {
    const text = await this.cluster.oneTime.take(challengeId);
    if (text === null) throw new LanrageError('CHALLENGE_EXPIRED');
    const challenge = { challengeId, ...fromText(text) };
    const serverName = this.config.publicUrl?.host ?? host;
    if (!proofMatches(expectedProof(challenge, serverName), proof)) throw new LanrageError('PROOF_REJECTED');

    const publicKey = challenge.agentPublicKey;
    const peerId = peerIdOf(publicKey);
    // Only now: whose keys are banned is nobody else's business.
    this.bannedKeys.refuse(peerId);
    const { token, expiresAtMs } = this.tokens.issue({ peerId, publicKey }, nowMs);
    return { token, peerId, expiresAt: new Date(expiresAtMs).toISOString() };
  }
}

function expectedProof(
  { privateKey, ...challenge }: OpenChallenge & { challengeId: string },
  serverName: string,
): Buffer {
  const secret = sharedSecret(privateKey, challenge.agentPublicKey);
  return computeProof(secret, { ...challenge, serverName });
}

function toText({ nonce, privateKey, ...keys }: OpenChallenge): string {
  return JSON.stringify({
    ...keys,
    nonce: nonce.toString('base64'),
    jwk: privateKey.export({ format: 'jwk' }),
  });
}

/** Of what {@link toText} made. */
function fromText(text: string): OpenChallenge {
  const { nonce, jwk, ...keys } = JSON.parse(text) as Pick<
    OpenChallenge,
    'serverPublicKey' | 'agentPublicKey'
  > & {
    nonce: string;
    jwk: JsonWebKey;
  };
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
  return { ...keys, nonce: Buffer.from(nonce, 'base64'), privateKey };
}
