import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { REQUEST_ID_HEADER } from './request-log';
import { errorBody, statusOf, toLanrageError } from './errors';

/** Renders everything that is thrown while a request is answered. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('errors');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const error = toLanrageError(thrown);
    if (error.code === 'INTERNAL')
      this.logger.error(
        { err: error.cause, requestId: response.getHeader(REQUEST_ID_HEADER) },
        'request failed',
      );
    if (error.code === 'CONTROL_UNAVAILABLE') this.logger.warn({ err: error.cause }, 'database away');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error.retryAfterSeconds !== undefined) response.setHeader('Retry-After', error.retryAfterSeconds);
    response.status(statusOf(error.code)).json(errorBody(error));
  }
}
