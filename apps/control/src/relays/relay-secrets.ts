import { createHash, timingSafeEqual } from 'node:crypto';

/** The secrets that open the relay link; several while they are being rotated. */
export class RelaySecrets {
  private readonly digests: readonly Buffer[];

  constructor(secrets: readonly string[]) {
    this.digests = secrets.map(digest);
  }

  /** Takes the same time whether and whichever secret it is. */
  include(secret: string): boolean {
    const given = digest(secret);
    return this.digests.filter((known) => timingSafeEqual(known, given)).length > 0;
  }
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
