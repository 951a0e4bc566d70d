/** A relay's half of the sign-in, step by step, for tests that bend it. */
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import {
  controlProofSchema,
  RELAY_CHALLENGE_PATH,
  RELAY_LINK_VERSION,
  relayChallengeSchema,
  type AnnouncedRelay,
  relayHandshakeSchema,
} from '#shared/api/relay-link';
import { relayProofs } from '#shared/auth/relay-proof';

export interface SignInOptions {
  readonly secret: string;
  /** `host[:port]`; that of the URL unless told. */
  readonly serverName?: string;
}

export interface PreparedHandshake {
  readonly handshake: z.input<typeof relayHandshakeSchema>;
  /** Whether this is what a control plane with the same secret shows. */
  readonly isAnswer: (answer: unknown) => boolean;
}

/** Asks for a challenge and answers it. */
export async function prepareHandshake(
  url: string,
  relay: AnnouncedRelay,
  { secret, serverName = new URL(url).host }: SignInOptions,
): Promise<PreparedHandshake> {
  const { challengeId, nonce: controlNonce } = await requestChallenge(url);
  const relayNonce = randomBytes(32);
  const proofs = relayProofs(secret, { challengeId, controlNonce, relayNonce, serverName, relay });
  const handshake: PreparedHandshake['handshake'] = {
    version: RELAY_LINK_VERSION,
    challengeId,
    nonce: relayNonce.toString('base64'),
    serverName,
    relay,
    proof: proofs.relay.toString('base64'),
  };
  return {
    handshake,
    isAnswer: (answer) => controlProofSchema.parse(answer).proof.equals(proofs.control),
  };
}

/** The control plane's half: what it shows a relay that sent this in answer to the challenge. @throws Error for a wrong proof */
export function answerHandshake(secret: string, controlNonce: Buffer, input: unknown) {
  const { challengeId, nonce: relayNonce, serverName, relay, proof } = relayHandshakeSchema.parse(input);
  const proofs = relayProofs(secret, { challengeId, controlNonce, relayNonce, serverName, relay });
  if (!proofs.relay.equals(proof)) throw new Error('the relay does not hold the secret');
  const [ofRelay, ofControl] = [proofs.relay.toString('base64'), proofs.control.toString('base64')];
  return { relay, serverName, proofs: { relay: ofRelay, control: ofControl } };
}

export async function requestChallenge(url: string): Promise<z.output<typeof relayChallengeSchema>> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(new URL(RELAY_CHALLENGE_PATH, url), { method: 'POST', headers, body: '{}' });
  return relayChallengeSchema.parse(await response.json());
}
