import { randomBytes } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { computeProof, publicKeyOf, sharedSecret } from '#shared/auth/proof';

/** A signed-in agent, as far as the REST API is concerned. */
export interface BenchAgent {
  peerId: string;
  token: string;
}

/** A client or a pool of them. */
type Http = Pick<Dispatcher, 'request'>;

/** Sends one JSON request and gives the parsed answer; throws on any status of 400 or more. */
export async function request<T>(
  http: Http,
  path: string,
  body: unknown,
  token?: string,
  method: 'GET' | 'POST' = 'POST',
): Promise<T> {
  const { statusCode, body: answer } = await http.request({
    path,
    method,
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: method === 'POST' ? JSON.stringify(body) : null,
  });
  const text = await answer.text();
  if (statusCode >= 400) throw new Error(`${path} answered ${statusCode}: ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

export async function signIn(http: Http, serverName: string): Promise<BenchAgent> {
  const privateKey = randomBytes(32);
  const agentPublicKey = publicKeyOf(privateKey);
  const challenge = await request<{ challengeId: string; serverPublicKey: string; nonce: string }>(
    http,
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
  return request(http, '/v1/auth/token', { challengeId, proof: proof.toString('base64') });
}
