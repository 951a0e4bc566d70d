import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { inviteListSchema, inviteSchema, type Invite } from '#shared/api/invites';
import { LanrageError } from '#shared/errors';
import type { PartyId } from '#shared/party/identity';
import {
  encodeInviteLink,
  hashInviteSecret,
  INVITE_SECRET_BYTES,
  keyFingerprint,
} from '#shared/party/invite';
import type { ControlPlane } from '../control/control-plane';
import type { PartyKeys } from './party-keys';

export interface InviteOptions {
  /** A day when absent; a minute to 30 days. */
  readonly expiresInSeconds?: number | undefined;
  /** How many may join by it; any number when absent. */
  readonly maxUses?: number | undefined;
  /** Where friends reach the control plane, if not where this agent does. */
  readonly server?: string | undefined;
}

export type NewInvite = Invite & { readonly link: string };

/** The host's own key and server, which links carry. */
export interface Inviter {
  readonly publicKey: string;
  server(): string;
  /** The party that the agent is in. @throws LanrageError NOT_IN_PARTY */
  partyId(): PartyId;
}

const DAY_SECONDS = 86_400;

/** Invite links of the party that the agent is in, for its host: NOT_HOST for everybody else. */
export class Invites {
  constructor(
    private readonly control: ControlPlane,
    private readonly keys: PartyKeys,
    private readonly inviter: Inviter,
  ) {}

  /** The link exists nowhere else: neither server nor agent keeps it. @throws LanrageError PARTY_KEY_MISSING, NOT_HOST … */
  async make({ expiresInSeconds = DAY_SECONDS, maxUses, server }: InviteOptions = {}): Promise<NewInvite> {
    const partyId = this.inviter.partyId();
    const { key, sealed } = this.keys.trustIn(partyId);
    if (!key) throw new LanrageError('PARTY_KEY_MISSING');
    const secret = randomBytes(INVITE_SECRET_BYTES);
    const link = encodeInviteLink({
      server: server ?? this.inviter.server(),
      partyId,
      secret,
      partyKey: key,
      hostFingerprint: keyFingerprint(this.inviter.publicKey),
      sealed,
    });
    const secretHash = hashInviteSecret(secret).toString('base64');
    const body = { secretHash, expiresInSeconds, maxUses: maxUses ?? null };
    const path = `/v1/parties/${partyId}/invites`;
    const invite = await this.control.authorized({ method: 'POST', path, body, answer: inviteSchema });
    return { ...invite, link };
  }

  /** Those that are good now, the newest first. @throws LanrageError */
  async list(): Promise<Invite[]> {
    const path = `/v1/parties/${this.inviter.partyId()}/invites`;
    return (await this.control.authorized({ method: 'GET', path, answer: inviteListSchema })).invites;
  }

  /** Takes one back; players who came by it stay. @throws LanrageError NO_SUCH_INVITE … */
  async revoke(id: string): Promise<void> {
    if (!/^[0-9a-f]{8}$/.test(id)) throw new LanrageError('NO_SUCH_INVITE');
    const path = `/v1/parties/${this.inviter.partyId()}/invites/${id}`;
    await this.control.authorized({ method: 'DELETE', path, answer: z.unknown() });
  }
}
