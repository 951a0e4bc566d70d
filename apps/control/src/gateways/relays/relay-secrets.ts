import { proofMatches } from '#shared/auth/proof';
import { relayProofs, type RelayTranscript } from '#shared/auth/relay-proof';

/** The secrets that open the relay link; several while they are being rotated. */
export class RelaySecrets {
  private readonly own = new Map<string, string[]>();

  /** @param own secrets of single relays, so that one that leaks opens the link in no other relay's name */
  constructor(
    private readonly shared: readonly string[],
    own: readonly (readonly [relayId: string, secret: string])[] = [],
  ) {
    for (const [relayId, secret] of own) this.own.set(relayId, [...(this.own.get(relayId) ?? []), secret]);
  }

  /** Whether this relay has a secret of its own, so that no other one counts for it. */
  hasOwn(relayId: string): boolean {
    return this.own.has(relayId);
  }

  /**
   * Takes the same time whether and whichever secret it is.
   *
   * @param proof what the relay shows
   * @returns what the control plane shows in return; null for a relay that holds none of the secrets that count for it
   */
  answer(transcript: RelayTranscript, proof: Buffer): Buffer | null {
    const counting = this.own.get(transcript.relay.relayId) ?? this.shared;
    const right = counting
      .map((secret) => relayProofs(secret, transcript))
      .filter(({ relay }) => proofMatches(relay, proof));
    return right[0]?.control ?? null;
  }
}
