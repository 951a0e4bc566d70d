import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { z } from 'zod';
import {
  CHALLENGE_LIFETIME_SECONDS,
  type challengeSchema,
  type tokenGrantSchema,
  type TokenRequest,
} from '#shared/api/rest';
import { computeProof, proofMatches, sharedSecret } from '#shared/auth/proof';
import { LanrageError } from '#shared/errors';
import { peerIdOf } from '#shared/party/identity';
import type { PublicKey } from '#shared/wireguard/key';
import { CONFIG, type Config } from '../config';
import type { Cluster } from '../cluster/cluster';
import { CLUSTER } from '../cluster/cluster.module';
import { BannedKeys } from './banned-keys';
import { ownName, parseHost, type Reached } from './own-names';
import { ServerKeys } from './server-keys';
import { Tokens } from './tokens';

const NONCE_BYTES = 32;
/** How often the log may say that this server is reached under a name that it does not know. */
const WARN_EVERY_MS = 60_000;

/** The refusal of a sign-in without the header that tells the server which name the agent dialled. */
const HOST_MISSING =
  'The sign-in has no Host header, so the server cannot tell under which name you reached it. A proxy on ' +
  'the way has to pass that header on, or the operator has to set LANRAGE_PUBLIC_URL.';

/** A sign-in that was started, as the node that made the challenge hands it on: what its proof has to be computed from. */
interface OpenChallenge {
  /** 32 bytes, base64 */
  readonly nonce: string;
  /** The server's X25519 private key for it: 32 bytes, base64 */
  readonly privateKey: string;
  /** The public key that belongs to it, base64 */
  readonly serverPublicKey: string;
  /** Whose possession is to be proven, base64 */
  readonly agentPublicKey: PublicKey;
}

/** Signs agents in: only the holder of a WireGuard private key gets a token for the peer that its public key names. */
@Injectable()
export class SignIn {
  private readonly logger = new Logger('sign-in');
  private readonly keys = new ServerKeys();
  private warnsAgainAtMs = 0;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLUSTER) private readonly cluster: Cluster,
    private readonly tokens: Tokens,
    private readonly bannedKeys: BannedKeys,
  ) {}

  async challenge(agentPublicKey: PublicKey, nowMs: number): Promise<z.input<typeof challengeSchema>> {
    const challengeId = randomUUID();
    const nonce = randomBytes(NONCE_BYTES).toString('base64');
    const { privateKey, publicKey: serverPublicKey } = this.keys.at(nowMs);
    const open: OpenChallenge = { nonce, privateKey, serverPublicKey, agentPublicKey };
    const lifetimeMs = CHALLENGE_LIFETIME_SECONDS * 1000;
    await this.cluster.oneTime.put(challengeId, JSON.stringify(open), lifetimeMs);
    const expiresAt = new Date(nowMs + lifetimeMs).toISOString();
    return { challengeId, serverPublicKey, nonce, expiresAt };
  }

  /**
   * @param reached what the agent believes it talks to, and whether that is us
   * @throws LanrageError SERVER_NAME_UNKNOWN, CHALLENGE_EXPIRED, PROOF_REJECTED, BANNED_FROM_SERVER
   */
  async redeem(
    { challengeId, proof }: TokenRequest,
    reached: Reached,
    nowMs: number,
  ): Promise<z.input<typeof tokenGrantSchema>> {
    const serverName = this.nameFor(reached, nowMs);
    const text = await this.cluster.oneTime.take(challengeId);
    if (text === null) throw new LanrageError('CHALLENGE_EXPIRED');
    const challenge = JSON.parse(text) as OpenChallenge;
    const expected = this.expectedProof(challengeId, challenge, serverName);
    if (!proofMatches(expected, proof)) throw this.rejection(serverName);

    const publicKey = challenge.agentPublicKey;
    const peerId = peerIdOf(publicKey);
    // Only now: whose keys are banned is nobody else's business.
    this.bannedKeys.refuse(peerId);
    const { token, expiresAtMs } = this.tokens.issue({ peerId, publicKey }, nowMs);
    return { token, peerId, expiresAt: new Date(expiresAtMs).toISOString() };
  }

  /** @throws LanrageError SERVER_NAME_UNKNOWN */
  private nameFor(reached: Reached, nowMs: number): string {
    const { publicUrl, publicAddress } = this.config;
    const name = ownName(reached, { publicUrl, publicAddress, hostName: hostname() });
    if (name !== null) return name;
    const dialled = parseHost(reached.host)?.host ?? (reached.host && 'what is no host name');
    if (nowMs >= this.warnsAgainAtMs) {
      this.warnsAgainAtMs = nowMs + WARN_EVERY_MS;
      const what =
        'sign-in refused: not a known name of this server; if players use it, set LANRAGE_PUBLIC_URL to their URL';
      this.logger.warn({ dialled }, what);
    }
    if (reached.host === '') throw new LanrageError('SERVER_NAME_UNKNOWN', { message: HOST_MISSING });
    throw new LanrageError('SERVER_NAME_UNKNOWN', {
      message: `You reached this server as ${dialled}, which it does not know as its own name. Use its usual address, or ask its operator to set LANRAGE_PUBLIC_URL to the URL that players use.`,
    });
  }

  private rejection(serverName: string): LanrageError {
    return new LanrageError('PROOF_REJECTED', {
      message: `The proof does not match this key and this server, which is ${serverName}. Check that LANRAGE_SERVER is that address.`,
    });
  }

  private expectedProof(challengeId: string, challenge: OpenChallenge, serverName: string): Buffer {
    const { agentPublicKey, serverPublicKey } = challenge;
    const secret = sharedSecret(this.keys.parse(challenge.privateKey), agentPublicKey);
    const nonce = Buffer.from(challenge.nonce, 'base64');
    return computeProof(secret, { challengeId, nonce, agentPublicKey, serverPublicKey, serverName });
  }
}
