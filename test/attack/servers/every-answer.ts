import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import { partyPageSchema } from '#shared/api/discovery';
import { banListSchema, ownedPartiesSchema } from '#shared/api/hosting';
import { inviteListSchema } from '#shared/api/invites';
import { partyEntrySchema } from '#shared/api/party';
import { challengeSchema, errorBodySchema, serverInfoSchema, tokenGrantSchema } from '#shared/api/rest';
import { partyStateSchema } from '#shared/api/state';
import { LanrageError } from '#shared/errors';
import { ControlHttp } from '../../../apps/client/src/control/http';
import { SignIn } from '../../../apps/client/src/control/sign-in';
import { loadIdentity } from '../../../apps/client/src/identity';
import { alice, HostileParty, hostilePartyId, newKey } from '../../e2e/support/hostile-party';
import { ScriptedControl } from '../../e2e/support/scripted-control';
import { shareOf, type Attack } from '../attack';
import { harmTo, honestParty } from './every-event';
import { spoil } from './spoiled';

const at = '2026-01-01T00:00:00.000Z';
const challenge = { challengeId: 'c', serverPublicKey: newKey(), nonce: `${'A'.repeat(43)}=`, expiresAt: at };
const grant = { token: 't', peerId: alice.id, expiresAt: at };

/** One honest answer for each schema that an agent reads, with every field. */
const honestAnswers: readonly (readonly [schema: z.ZodType, answer: object])[] = [
  [challengeSchema, challenge],
  [tokenGrantSchema, grant],
  [
    errorBodySchema,
    { error: { code: 'RATE_LIMITED', message: 'Wait.', retryable: true, retryAfterSeconds: 1 } },
  ],
  [
    serverInfoSchema,
    { version: '1', relays: [{ id: 'r', region: 'eu', stunEndpoints: ['192.0.2.1:3478'] }] },
  ],
  [
    partyPageSchema,
    {
      parties: [{ id: hostilePartyId, name: 'LAN', playerCount: 1, maxPeers: 8, hasPassword: false }],
      nextCursor: '1-0123456789ab',
    },
  ],
  [
    ownedPartiesSchema,
    {
      parties: [
        { id: hostilePartyId, name: 'LAN', playerCount: 0, maxPeers: 8, createdAt: at, emptySince: at },
      ],
      most: 5,
    },
  ],
  [partyStateSchema, { version: 1, entries: [{ key: 'map', value: 'dust', version: 1 }] }],
  [banListSchema, { bans: [{ peerId: alice.id, name: 'Alice', bannedAt: at }] }],
  [inviteListSchema, { invites: [{ id: '0123abcd', createdAt: at, expiresAt: at, uses: 1, maxUses: 2 }] }],
];

/** Each field of each answer but a join's: what cannot be read must be a coded refusal, and end nothing. */
export const everyAnswer: Attack = {
  name: 'lies in every field of every answer',
  attacker: 'server',
  async play() {
    const server = await ScriptedControl.start();
    const http = new ControlHttp(new URL(server.url));
    const home = await mkdtemp(join(tmpdir(), 'lanrage-hostile-'));
    const harm: string[] = [];
    let tried = 0;
    try {
      for (const [schema, honest] of honestAnswers) {
        for (const { path, message } of spoil(schema, honest)) {
          const isError = schema === errorBodySchema;
          server.override = ({ url }) => ({
            status: isError ? 429 : 200,
            // A sign-in that gets one honest answer asks for the other.
            body: url?.endsWith('/challenge') && schema === tokenGrantSchema ? challenge : message,
          });
          const isSignIn = schema === challengeSchema || schema === tokenGrantSchema;
          const asking = isSignIn
            ? new SignIn(http, new URL(server.url), loadIdentity(home)).token()
            : http.request({ method: 'GET', path: '/', answer: schema, signal: AbortSignal.timeout(5_000) });
          const fault = await asking.then(() => null, faultOf);
          tried += 1;
          if (fault) harm.push(`${path}: ${fault}`);
        }
      }
    } finally {
      await http.close();
      await server.close();
      await rm(home, { recursive: true });
    }
    return { tried, through: harm.length, note: harm.slice(0, 3).join('; ') };
  },
};

/** What is wrong with a refusal; null for one with a code. */
function faultOf(error: unknown): string | null {
  return error instanceof LanrageError ? null : String(error);
}

/** How many of the fields are tried in a join, which takes long. */
const SHARE = 0.25;

/** Each field of the answer to a join: the agent plays, or refuses with a code; nothing else is set going. */
export const everyJoin: Attack = {
  name: 'lies in every field of a join',
  attacker: 'server',
  async play({ effort }) {
    const first = await HostileParty.start();
    const leaveTicket = Buffer.alloc(16, 1).toString('base64');
    const spoiled = spoil(partyEntrySchema, { ...honestParty(first), leaveTicket });
    await first.close();
    const chosen = shareOf(spoiled, SHARE * Math.min(1, effort));
    const harm: string[] = [];
    for (const { path, message } of chosen) {
      const hostile = await HostileParty.start();
      try {
        // Its own entry is of this agent, if it was not the field that was spoiled.
        const fault = await hostile.join(withSelf(hostile, message)).then(() => null, faultOf);
        await hostile.heard();
        harm.push(...[...(fault ? [fault] : []), ...harmTo(hostile)].map((what) => `${path}: ${what}`));
      } finally {
        await hostile.close();
      }
    }
    return { tried: chosen.length, through: harm.length, note: harm.slice(0, 3).join('; ') };
  },
};

function withSelf({ self }: HostileParty, message: unknown): unknown {
  const { members } = message as { members: unknown };
  if (!Array.isArray(members) || members.length !== 2) return message;
  return { ...(message as object), members: [(members as unknown[])[0], self] };
}
