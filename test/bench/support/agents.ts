import { randomBytes } from 'node:crypto';
import type { Pool } from 'undici';
import { computeProof, publicKeyOf, sharedSecret } from '#shared/auth/proof';

/** A signed-in agent, as far as the REST API is concerned. */
export interface BenchAgent {
  peerId: string;
  token: string;
}

/** Sends one JSON request and gives the parsed answer; throws on any status of 400 or more. */
export async function request<T>(pool: Pool, path: string, body: unknown, token?: string): Promise<T> {
  const { statusCode, body: answer } = await pool.request({
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (statusCode >= 400) throw new Error(`${path} answered ${statusCode}: ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

export async function signIn(pool: Pool, serverName: string): Promise<BenchAgent> {
  const privateKey = randomBytes(32);
  const agentPublicKey = publicKeyOf(privateKey);
  const challenge = await request<{ challengeId: string; serverPublicKey: string; nonce: string }>(
    pool,
    '/v1/auth/challenge',
    { publicKey: agentPublicKey },
  );
  const { challengeId, serverPublicKey } = challenge;
  const proof = computeProof(sharedSecret(privateKey, serverPublicKey), {
    challengeId,
    nonce: Buffer.from(challenge.nonce, 'base64'),
    agentPublicKey,
    serverPublicKey,
    serverName,
  });
  return request(pool, '/v1/auth/token', { challengeId, proof: proof.toString('base64') });
}
