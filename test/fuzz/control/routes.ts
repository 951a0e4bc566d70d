/** Every request that the control plane answers by a schema. A test compares them with what the server says of itself. */
import { z } from 'zod';
import { findPartiesQuerySchema } from '#shared/api/discovery';
import { partyIdField, peerIdField, relayIdField } from '#shared/api/fields';
import { changePartyRequestSchema, moderationRequestSchema } from '#shared/api/hosting';
import { inviteIdField, makeInviteRequestSchema } from '#shared/api/invites';
import { goodbyeRequestSchema } from '#shared/api/party';
import { relayChallengeRequestSchema } from '#shared/api/relay-link';
import {
  challengeRequestSchema,
  createPartyRequestSchema,
  joinPartyRequestSchema,
  tokenRequestSchema,
} from '#shared/api/rest';
import { writeStateRequestSchema } from '#shared/api/state';
import {
  banPlayerRequestSchema,
  listBansQuerySchema,
  listPartiesQuerySchema,
} from '../../../apps/control/src/admin/admin.api';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** As OpenAPI writes it, with `{name}` for parameters. */
  readonly path: string;
  readonly body?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** It ends what others need to get anywhere: asked more rarely. */
  readonly ends?: true;
}

/** By name, wherever it is in a path. */
export const pathParameters: Readonly<Record<string, z.ZodType>> = {
  partyId: partyIdField,
  peerId: peerIdField,
  relayId: relayIdField,
  inviteId: inviteIdField,
};

const party = '/v1/parties/{partyId}';

export const routes: readonly Route[] = [
  { method: 'GET', path: '/health' },
  { method: 'GET', path: '/metrics' },
  { method: 'GET', path: '/v1/server' },
  { method: 'GET', path: '/v1/stats' },
  { method: 'POST', path: '/v1/auth/challenge', body: challengeRequestSchema },
  { method: 'POST', path: '/v1/auth/token', body: tokenRequestSchema },
  { method: 'POST', path: '/v1/relays/challenge', body: relayChallengeRequestSchema },
  { method: 'GET', path: '/v1/parties', query: findPartiesQuerySchema },
  { method: 'POST', path: '/v1/parties', body: createPartyRequestSchema },
  { method: 'GET', path: '/v1/parties/owned' },
  { method: 'GET', path: party },
  { method: 'PATCH', path: party, body: changePartyRequestSchema },
  { method: 'DELETE', path: party, ends: true },
  { method: 'POST', path: `${party}/join`, body: joinPartyRequestSchema },
  { method: 'POST', path: `${party}/leave`, ends: true },
  { method: 'POST', path: `${party}/goodbyes`, body: goodbyeRequestSchema },
  { method: 'POST', path: `${party}/kick`, body: moderationRequestSchema, ends: true },
  { method: 'POST', path: `${party}/ban`, body: moderationRequestSchema, ends: true },
  { method: 'POST', path: `${party}/unban`, body: moderationRequestSchema },
  { method: 'GET', path: `${party}/bans` },
  { method: 'GET', path: `${party}/invites` },
  { method: 'POST', path: `${party}/invites`, body: makeInviteRequestSchema },
  { method: 'DELETE', path: `${party}/invites/{inviteId}` },
  { method: 'GET', path: `${party}/state` },
  { method: 'POST', path: `${party}/state`, body: writeStateRequestSchema },
  { method: 'GET', path: '/v1/admin/parties', query: listPartiesQuerySchema },
  { method: 'GET', path: '/v1/admin/parties/{partyId}' },
  { method: 'DELETE', path: '/v1/admin/parties/{partyId}', ends: true },
  { method: 'GET', path: '/v1/admin/bans', query: listBansQuerySchema },
  { method: 'POST', path: '/v1/admin/bans', body: banPlayerRequestSchema, ends: true },
  { method: 'DELETE', path: '/v1/admin/bans/{peerId}' },
  { method: 'GET', path: '/v1/admin/relays' },
  { method: 'POST', path: '/v1/admin/relays/{relayId}/drain' },
  { method: 'POST', path: '/v1/admin/relays/{relayId}/undrain' },
];
