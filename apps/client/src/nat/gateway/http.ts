import { Client } from 'undici';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

const LIMIT_MS = 3_000;
const LARGEST_ANSWER_BYTES = 64 * 1_024;

/** One request over a connection of its own, without following redirects. Undefined without a whole answer in 3 s. */
export async function exchangeHttp(
  url: URL,
  { method, headers = {}, body }: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer | undefined> {
  const client = new Client(url.origin, {
    connect: { timeout: LIMIT_MS },
    maxResponseSize: LARGEST_ANSWER_BYTES,
  });
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), LIMIT_MS);
  try {
    const response = await client.request({
      method,
      path: url.pathname + url.search,
      headers,
      body: body ?? null,
      reset: true,
      signal: AbortSignal.any([signal, limit.signal]),
    });
    return { status: response.statusCode, text: await response.body.text() };
  } catch {
    // Unreachable, too slow, too large or no HTTP: whatever it is, it cannot be asked.
    return undefined;
  } finally {
    clearTimeout(timer);
    await client.destroy();
  }
}
