/** What nodes send each other through Redis, as JSON. Redis belongs to the server: what comes from it is believed. */
import { LanrageError, type ErrorCode } from '#shared/errors';
import { toRefusal } from '../database/failures';
import type { NodeId } from './cluster';

/** To whom a question is: to that node, or to the leader that it is taken for. */
export type Addressee = 'node' | 'leader';

export type NodeMessage =
  | {
      readonly kind: 'ask';
      readonly id: number;
      readonly from: NodeId;
      readonly to: Addressee;
      readonly name: string;
      readonly payload: unknown;
    }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: WireError }
  /** What a leader says in this term; nothing answers it. */
  | { readonly kind: 'tell'; readonly term: number; readonly name: string; readonly payload: unknown };

interface WireError {
  readonly code: ErrorCode | 'NOT_LEADING';
  readonly message?: string;
  readonly retryAfterSeconds?: number | undefined;
}

/** A question to the leader reached a node that leads no more, or not yet, or nobody. */
export class NotLeading extends Error {}

export function errorToWire(thrown: unknown): WireError {
  if (thrown instanceof NotLeading) return { code: 'NOT_LEADING' };
  const { code, message, retryAfterSeconds } = toRefusal(thrown) ?? new LanrageError('INTERNAL');
  return { code, message, retryAfterSeconds };
}

export function errorFromWire({ code, message, retryAfterSeconds }: WireError): Error {
  if (code === 'NOT_LEADING') return new NotLeading();
  return new LanrageError(code, {
    ...(message !== undefined && { message }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}
