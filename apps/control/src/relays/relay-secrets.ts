import { createHash, timingSafeEqual } from 'node:crypto';

interface Known {
  readonly digest: Buffer;
  /** Null: of every relay that has none of its own. */
  readonly relayId: string | null;
}

/** The secrets that open the relay link; several while they are being rotated. */
export class RelaySecrets {
  private readonly known: readonly Known[];
  private readonly withOwn: ReadonlySet<string>;

  /** @param own secrets of single relays, so that one that leaks opens the link in no other relay's name */
  constructor(shared: readonly string[], own: readonly (readonly [relayId: string, secret: string])[] = []) {
    this.known = [
      ...shared.map((secret) => ({ digest: digest(secret), relayId: null })),
      ...own.map(([relayId, secret]) => ({ digest: digest(secret), relayId })),
    ];
    this.withOwn = new Set(own.map(([relayId]) => relayId));
  }

  /** Takes the same time whether and whichever secret it is. */
  admit(relayId: string, secret: string): boolean {
    const given = digest(secret);
    const wanted = this.withOwn.has(relayId) ? relayId : null;
    return (
      this.known.filter((each) => timingSafeEqual(each.digest, given) && each.relayId === wanted).length > 0
    );
  }
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
