import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
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
import { ChallengeBook, type OpenChallenge } from './challenges';
import { Tokens } from './tokens';

const NONCE_BYTES = 32;
const MOST_OPEN_CHALLENGES = 10_000;

/** Signs agents in: only the holder of a WireGuard private key gets a token for the peer that its public key names. */
@Injectable()
export class SignIn {
  private readonly challenges = new ChallengeBook(CHALLENGE_LIFETIME_SECONDS * 1000, MOST_OPEN_CHALLENGES);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly tokens: Tokens,
  ) {}

  challenge(agentPublicKey: PublicKey, nowMs: number): z.input<typeof challengeSchema> {
    const challengeId = randomUUID();
    const nonce = randomBytes(NONCE_BYTES);
    const { privateKey, publicKey } = generateKeyPairSync('x25519');
    const serverPublicKey = publicKeyText(publicKey);
    const challenge = { challengeId, nonce, privateKey, serverPublicKey, agentPublicKey };
    const expiresAt = new Date(this.challenges.add(challenge, nowMs)).toISOString();
    return { challengeId, serverPublicKey, nonce: nonce.toString('base64'), expiresAt };
  }

  /**
   * @param host the Host header: what the agent believes it talks to
   * @throws LanrageError CHALLENGE_EXPIRED, PROOF_REJECTED
   */
  redeem(
    { challengeId, proof }: TokenRequest,
    host: string,
    nowMs: number,
  ): z.input<typeof tokenGrantSchema> {
    const challenge = this.challenges.take(challengeId, nowMs);
    if (!challenge) throw new LanrageError('CHALLENGE_EXPIRED');
    const serverName = this.config.publicUrl?.host ?? host;
    if (!proofMatches(expectedProof(challenge, serverName), proof)) throw new LanrageError('PROOF_REJECTED');

    const publicKey = challenge.agentPublicKey;
    const peerId = peerIdOf(publicKey);
    const { token, expiresAtMs } = this.tokens.issue({ peerId, publicKey }, nowMs);
    return { token, peerId, expiresAt: new Date(expiresAtMs).toISOString() };
  }
}

function expectedProof({ privateKey, ...challenge }: OpenChallenge, serverName: string): Buffer {
  const secret = sharedSecret(privateKey, challenge.agentPublicKey);
  return computeProof(secret, { ...challenge, serverName });
}
