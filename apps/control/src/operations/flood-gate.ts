import type { NextFunction, Request, Response } from 'express';
import { errorBody } from '#shared/api/remote-error';
import { LanrageError } from '#shared/errors';
import { AddressTurns } from './address-turns';
import { statusOf } from './errors';
import type { Metrics } from './metrics';
import type { RequestLimits } from './request-limits';

/** How many requests of one address are worked on at a time: each takes some milliseconds, for which others wait. */
const AT_ONCE = 4;
/**
 * How late a refusal comes on average; half as much sooner or later at most. Clients are not to ask again before that anyway,
 * and a flood gets no faster than its connections allow. If all were refused together, they would all ask again together.
 */
const REFUSAL_DELAY_MS = 1000;

/**
 * Express middleware that turns away clients that ask too often, before anything else is done for the request: a refusal costs a
 * fraction of an answer, and writes no line into the log.
 */
export function turnAwayFloods(limits: RequestLimits, metrics: Metrics) {
  return (request: Request, response: Response, next: NextFunction): void => {
    limits.count('requests', request).then(
      () => next(),
      (thrown: unknown) =>
        thrown instanceof LanrageError ? refuseLater(request, response, thrown, metrics) : next(thrown),
    );
  };
}

/**
 * Express middleware that has the requests of an address take turns. It comes behind what reads bodies, as a client that sends
 * its body slowly would keep the turn from its neighbours.
 */
export function takeTurns(limits: RequestLimits) {
  const turns = new AddressTurns(limits.isLimited('requests') ? AT_ONCE : Infinity);
  return (request: Request, response: Response, next: NextFunction): void => {
    if (!response.closed) response.once('close', turns.enter(limits.keyOf(request), next));
  };
}

/** Reads nothing more of the connection until then, or a client could send its next requests all the same. */
function refuseLater(request: Request, response: Response, error: LanrageError, metrics: Metrics): void {
  request.socket.pause();
  setTimeout(
    () => {
      request.socket.resume();
      if (!response.closed) refuse(request, response, error, metrics);
    },
    REFUSAL_DELAY_MS * (0.5 + Math.random()),
  );
}

/** Answers at once, past everything that a request otherwise goes through. */
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
