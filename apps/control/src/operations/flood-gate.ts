import type { NextFunction, Request, Response } from 'express';
import { LanrageError } from '#shared/errors';
import { AddressTurns } from './address-turns';
import { errorBody, statusOf } from './errors';
import type { Metrics } from './metrics';
import type { RequestLimits } from './request-limits';

/** Of one address, so many requests are worked on at a time; each takes about a millisecond, which others wait. */
const AT_ONCE = 16;

/**
 * Express middleware that turns away whoever asks too often, before anything else is done for the request: a refusal costs a
 * fraction of an answer, and writes no line into the log. Those who may ask take turns with what else their address asks.
 */
export function turnAwayFloods(limits: RequestLimits, metrics: Metrics) {
  const turns = new AddressTurns(limits.isLimited('requests') ? AT_ONCE : Infinity);
  return (request: Request, response: Response, next: NextFunction): void => {
    limits
      .count('requests', request)
      .then(() => {
        if (response.closed) return;
        response.once('close', turns.enter(limits.keyOf(request), next));
      })
      .catch((thrown: unknown) =>
        thrown instanceof LanrageError ? refuse(request, response, thrown, metrics) : next(thrown),
      );
  };
}

/** Answers without the rest of the way that a request takes. */
export function refuse({ method }: Request, response: Response, error: LanrageError, metrics: Metrics): void {
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
