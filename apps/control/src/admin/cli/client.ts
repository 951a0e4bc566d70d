import type { z } from 'zod';
import { readAnswer } from '#shared/api/rest-answer';
import { LanrageError } from '#shared/errors';
import { ADMIN_PATH } from '../admin.api';
import type { AdminConfig } from './config';

const LIMIT_MS = 10_000;

/** The administration's REST API. */
export class AdminClient {
  constructor(private readonly config: AdminConfig) {}

  /**
   * @param path below that of the administration
   * @throws LanrageError the server's own, or CONTROL_UNAVAILABLE when it gave no usable answer
   */
  async request<Schema extends z.ZodType>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    answer: Schema,
    body?: object,
  ): Promise<z.output<Schema>> {
    const response = await this.exchange(method, path, body);
    const unusable = () =>
      `${this.config.server} does not answer as a LANrage server of this version. Check LANRAGE_SERVER.`;
    return readAnswer(response, answer, unusable);
  }

  private async exchange(method: string, path: string, body: object | undefined) {
    const { server, token } = this.config;
    try {
      const response = await fetch(`${server.replace(/\/+$/, '')}${ADMIN_PATH}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body && { 'content-type': 'application/json' }),
        },
        // The token is for this server alone.
        redirect: 'error',
        signal: AbortSignal.timeout(LIMIT_MS),
        ...(body && { body: JSON.stringify(body) }),
      });
      return { isSuccess: response.ok, text: await response.text() };
    } catch (cause) {
      throw new LanrageError('CONTROL_UNAVAILABLE', {
        message: `The LANrage server at ${server} does not answer. Check LANRAGE_SERVER, then try again.`,
        cause,
      });
    }
  }
}
