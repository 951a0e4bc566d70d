import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { errorBody } from '#shared/api/remote-error';
import { statusOf, toLanrageError } from './errors';
import { REQUEST_ID_HEADER } from './request-log';

/** Renders everything that is thrown while a request is answered. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('errors');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    const error = toLanrageError(thrown);
    const details = { requestId: response.getHeader(REQUEST_ID_HEADER), err: error.cause };
    if (error.code === 'INTERNAL') this.logger.error(details, 'request failed');
    if (error.code === 'CONTROL_UNAVAILABLE') this.logger.warn(details, 'request could not be answered now');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error.retryAfterSeconds !== undefined) response.setHeader('Retry-After', error.retryAfterSeconds);
    response.status(statusOf(error.code)).json(errorBody(error));
  }
}
