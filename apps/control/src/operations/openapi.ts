import { applyDecorators } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import {
  ApiBearerAuth,
  ApiOperation,
  ApiResponse,
  DocumentBuilder,
  SwaggerModule,
  type OpenAPIObject,
} from '@nestjs/swagger';
import type { z } from 'zod';
import { version } from '#runtime/version';
import { errorBodySchema } from '#shared/api/rest';
import { errorCatalogue, type ErrorCode } from '#shared/errors';
import { convert } from './api-schemas';
import { statusOf } from './errors';
import { groupBy } from '../util/lists';

interface Answer {
  readonly summary: string;
  readonly status?: number;
  /** Absent: an empty answer. */
  readonly body?: z.ZodType;
  /** Besides those that every request can meet. */
  readonly refusals?: readonly ErrorCode[];
}

const ERROR_BODY = '#/components/schemas/ErrorBody';
/** The admin token's name in the description of the API. */
const ADMIN_SCHEME = 'admin';

const everywhere: readonly ErrorCode[] = ['INVALID_REQUEST', 'RATE_LIMITED', 'CONTROL_UNAVAILABLE'];

/** Describes a route's answers; its parameters are described by the schemas that validate them. */
export function Answers({ summary, status = 200, body, refusals = [] }: Answer): MethodDecorator {
  const codesByStatus = groupBy([...refusals, ...everywhere], statusOf);
  return applyDecorators(
    ApiOperation({ summary }),
    ApiResponse({ status, description: 'Done', ...(body ? { standardSchema: body } : {}) }),
    ...[...codesByStatus].map(([refused, codes]) =>
      ApiResponse({ status: refused, description: describe(codes), ...refusalContent(codes) }),
    ),
  );
}

/** Describes the answers of a route that needs an agent's token. */
export function AnswersToCaller({ refusals = [], ...answer }: Answer): MethodDecorator {
  const ofCallers = ['UNAUTHENTICATED', 'BANNED_FROM_SERVER', ...refusals] as const;
  return applyDecorators(ApiBearerAuth(), Answers({ ...answer, refusals: ofCallers }));
}

/** Describes the answers of a route that needs the admin token. */
export function AnswersToOperator({ refusals = [], ...answer }: Answer): MethodDecorator {
  const ofOperators = ['ADMINISTRATION_OFF', 'WRONG_ADMIN_TOKEN', ...refusals] as const;
  return applyDecorators(ApiBearerAuth(ADMIN_SCHEME), Answers({ ...answer, refusals: ofOperators }));
}

/** Serves the API's description at /docs, for people, and /docs-json, for programs; it is made when somebody asks for it. */
export function serveDocumentation(app: NestExpressApplication): void {
  SwaggerModule.setup('docs', app, () => documentOf(app), { customSiteTitle: 'LANrage API' });
}

function documentOf(app: NestExpressApplication): OpenAPIObject {
  const terms = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('LANrage control plane')
    .setDescription(
      'What agents, players and operators ask of a server. A refusal has a code that stays what it is; its message is for people.',
    )
    .setVersion(version)
    .addBearerAuth()
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'LANRAGE_ADMIN_TOKEN' }, ADMIN_SCHEME)
    .build();
  const document = SwaggerModule.createDocument(app, terms, { standardSchemaConverter: convert });
  const { components: errorBody } = convert(errorBodySchema);
  return {
    ...document,
    components: {
      ...document.components,
      schemas: { ...document.components?.schemas, ...errorBody },
    },
  };
}

function describe(codes: readonly ErrorCode[]): string {
  return codes.map((code) => `\`${code}\`: ${errorCatalogue[code].message}`).join('\n\n');
}

/** An error body whose code is one of these, and an example for each. */
function refusalContent(codes: readonly ErrorCode[]) {
  const code = { enum: [...codes] };
  const schema = { allOf: [{ $ref: ERROR_BODY }, { properties: { error: { properties: { code } } } }] };
  const examples = Object.fromEntries(
    codes.map((name) => {
      const { message, retryable } = errorCatalogue[name];
      return [name, { value: { error: { code: name, message, retryable } } }];
    }),
  );
  return { content: { 'application/json': { schema, examples } } };
}
