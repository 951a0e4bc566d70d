import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';
import type { Metrics } from './metrics';

export const REQUEST_ID_HEADER = 'X-Request-Id';

/**
 * Express middleware that gives each request an id, and counts and logs it when it is answered. A route's pattern
 * stands for its path, so that neither says who was in which party.
 */
export function observeRequests(logger: Logger, metrics: Metrics) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const startedMs = performance.now();
    const requestId = randomUUID();
    response.setHeader(REQUEST_ID_HEADER, requestId);
    response.once('close', () => {
      const { method } = request;
      const route = (request.route as { path: string } | undefined)?.path ?? 'none';
      const status = response.writableFinished ? response.statusCode : 'aborted';
      const durationMs = performance.now() - startedMs;
      metrics.observeRequest(method, route, status, durationMs / 1000);
      logger.info({ requestId, method, route, status, durationMs }, 'request');
    });
    next();
  };
}
