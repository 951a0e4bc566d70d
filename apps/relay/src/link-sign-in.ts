import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { remoteError } from '#shared/api/remote-error';
import {
  type AnnouncedRelay,
  controlProofSchema,
  RELAY_CHALLENGE_PATH,
  RELAY_LINK_VERSION,
  relayChallengeSchema,
  type relayHandshakeSchema,
} from '#shared/api/relay-link';
import { errorBodySchema } from '#shared/api/rest';
import { proofMatches } from '#shared/auth/proof';
import { relayProofs } from '#shared/auth/relay-proof';
import { underPath } from './server-path';

const answeredWithinMs = 5000;
const maxAnswerBytes = 16 * 1024;
const nonceBytes = 32;

/** Shows the control plane that this relay holds the secret, and has it show the same, see relay-proof.ts. */
export class LinkSignIn {
  readonly #url: URL;
  readonly #secret: string;
  /** What the control plane has to show for the last handshake. */
  #expected: Buffer | undefined;

  constructor(controlUrl: string, secret: string) {
    const server = new URL(controlUrl);
    this.#url = new URL(underPath(server, RELAY_CHALLENGE_PATH), server);
    this.#secret = secret;
  }

  /** For one connection. @throws Error that says why there is none */
  async begin(relay: AnnouncedRelay): Promise<z.input<typeof relayHandshakeSchema>> {
    this.#expected = undefined;
    const { challengeId, nonce: controlNonce } = await this.#challenge();
    const relayNonce = randomBytes(nonceBytes);
    const serverName = this.#url.host;
    const transcript = { challengeId, controlNonce, relayNonce, serverName, relay };
    const proofs = relayProofs(this.#secret, transcript);
    this.#expected = proofs.control;
    const [nonce, proof] = [relayNonce.toString('base64'), proofs.relay.toString('base64')];
    return { version: RELAY_LINK_VERSION, challengeId, nonce, serverName, relay, proof };
  }

  /** Whether the server that took the last handshake holds the secret. Only the first answer counts. */
  accepts(answer: unknown): boolean {
    const expected = this.#expected;
    this.#expected = undefined;
    const given = controlProofSchema.safeParse(answer);
    return expected !== undefined && given.success && proofMatches(expected, given.data.proof);
  }

  async #challenge(): Promise<z.output<typeof relayChallengeSchema>> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      redirect: 'error',
      signal: AbortSignal.timeout(answeredWithinMs),
    });
    const answer: unknown = JSON.parse(await readText(response));
    const refusal = errorBodySchema.safeParse(answer);
    if (refusal.success) throw remoteError(refusal.data.error);
    return relayChallengeSchema.parse(answer);
  }
}

/** The other side has not shown yet who it is, so no more is read than an answer needs. */
async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new Error('the answer is too long for one of a control plane');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
