import type { KeyObject } from 'node:crypto';
import type { PublicKey } from '#shared/wireguard/key';

/** A sign-in that was started: what the proof has to be computed from. */
export interface OpenChallenge {
  readonly challengeId: string;
  /** 32 bytes */
  readonly nonce: Buffer;
  /** Our one-time X25519 private key */
  readonly privateKey: KeyObject;
  /** The public key that belongs to it, base64 */
  readonly serverPublicKey: string;
  /** Whose possession is to be proven, base64 */
  readonly agentPublicKey: PublicKey;
}

/** Challenges that wait for their proof. Each is good once, for a while; a flood drops the oldest, not the memory. */
export class ChallengeBook {
  /** In order of expiry, which is that of issue: all live equally long. */
  private readonly open = new Map<string, { challenge: OpenChallenge; expiresAtMs: number }>();

  constructor(
    private readonly lifetimeMs: number,
    private readonly capacity: number,
  ) {}

  /** @returns when it expires */
  add(challenge: OpenChallenge, nowMs: number): number {
    this.dropExpired(nowMs);
    const [oldest] = this.open.keys();
    if (this.open.size >= this.capacity && oldest !== undefined) this.open.delete(oldest);
    const expiresAtMs = nowMs + this.lifetimeMs;
    this.open.set(challenge.challengeId, { challenge, expiresAtMs });
    return expiresAtMs;
  }

  /** Takes the challenge out, so that no second try finds it. @returns null when it expired or never was */
  take(challengeId: string, nowMs: number): OpenChallenge | null {
    const found = this.open.get(challengeId);
    this.open.delete(challengeId);
    return found && found.expiresAtMs > nowMs ? found.challenge : null;
  }

  private dropExpired(nowMs: number): void {
    for (const [id, { expiresAtMs }] of this.open) {
      if (expiresAtMs > nowMs) return;
      this.open.delete(id);
    }
  }
}
