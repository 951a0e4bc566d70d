import type { z } from 'zod';
import { LanrageError } from '../errors';
import { remoteError } from './remote-error';
import { errorBodySchema } from './rest';

/** What a server answered. */
export interface RestAnswer {
  readonly text: string;
  /** Whether the status, and the type of the content, are those of what was asked for. */
  readonly isSuccess: boolean;
}

/**
 * The value in an answer of the REST API.
 * @param explain why an answer is none of a LANrage server; gets the fault if the schema does not take it
 * @throws LanrageError the server's own, or CONTROL_UNAVAILABLE with the explanation
 */
export function readAnswer<Schema extends z.ZodType>(
  { text, isSuccess }: RestAnswer,
  schema: Schema,
  explain: (fault?: z.ZodError) => string,
): z.output<Schema> {
  const body = parseJson(text);
  if (isSuccess) {
    const answer = schema.safeParse(body);
    if (answer.success) return answer.data;
    throw new LanrageError('CONTROL_UNAVAILABLE', { message: explain(answer.error), cause: answer.error });
  }
  const refusal = errorBodySchema.safeParse(body);
  if (refusal.success) throw remoteError(refusal.data.error);
  throw new LanrageError('CONTROL_UNAVAILABLE', { message: explain() });
}

/** @returns a path with those parameters that are not empty */
export function withQuery(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}

function parseJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
