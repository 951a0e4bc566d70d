import type { NextFunction, Request, Response } from 'express';
import { LanrageError } from '#shared/errors';
import { refuse } from './flood-gate';
import type { Metrics } from './metrics';

/**
 * Express middleware that refuses requests without a Host header, as RFC 9112 section 3.2 has it for HTTP/1.1. Node does so by
 * itself, but without a word of what is wrong; HTTP/1.0 needs none, as in the checks of some proxies.
 */
export function refuseWithoutHost(metrics: Metrics) {
  return (request: Request, response: Response, next: NextFunction): void => {
    if (request.headers.host !== undefined || request.httpVersion !== '1.1') return next();
    const message =
      'The request has no Host header. If there is a proxy between you and the server, it has to pass that header on: tell the operator.';
    refuse(request, response, new LanrageError('INVALID_REQUEST', { message }), metrics);
  };
}
