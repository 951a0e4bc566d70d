import type { NextFunction, Request, Response } from 'express';
import { LanrageError } from '#shared/errors';
import { errorBody, statusOf } from './errors';
import type { Metrics } from './metrics';
import type { RequestLimits } from './request-limits';

/**
 * Express middleware that turns away whoever asks too often, before anything else is done for the request: a refusal costs a
 * fraction of an answer, and writes no line into the log.
 */
export function turnAwayFloods(limits: RequestLimits, metrics: Metrics) {
  return (request: Request, response: Response, next: NextFunction): void => {
    limits
      .count('requests', request)
      .then(next, (thrown: unknown) =>
        thrown instanceof LanrageError ? refuse(request, response, thrown, metrics) : next(thrown),
      );
  };
}

function refuse({ method }: Request, response: Response, error: LanrageError, metrics: Metrics): void {
  const body = JSON.stringify(errorBody(error));
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  };
  const { code, retryAfterSeconds: seconds } = error;
  response.writeHead(
    statusOf(code),
    seconds === undefined ? headers : { ...headers, 'Retry-After': seconds },
  );
  response.end(body);
  metrics.observeRequest(method, 'none', statusOf(code), 0);
}
