import type { z } from 'zod';
import type { ClientConfig } from '../config';
import { ControlHttp, type HttpRequest } from '../control/http';
import { SignIn } from '../control/sign-in';
import { loadIdentity } from '../identity';

/** Together with the sign-in below the 10 s after which a player must know. */
const REQUEST_LIMIT_MS = 5_000;

/** One request in the player's name that needs no agent, and disturbs none that runs. @throws LanrageError */
export async function asPlayer<Schema extends z.ZodType>(
  { server, home }: ClientConfig,
  request: Omit<HttpRequest<Schema>, 'signal' | 'token'>,
): Promise<z.output<Schema>> {
  const url = new URL(server);
  const http = new ControlHttp(url);
  try {
    const token = await new SignIn(http, url, loadIdentity(home)).token();
    return await http.request({ ...request, token, signal: AbortSignal.timeout(REQUEST_LIMIT_MS) });
  } finally {
    await http.close();
  }
}
