import { Injectable } from '@nestjs/common';
import type { Invite, InviteList, MakeInviteRequest } from '#shared/api/invites';
import { LanrageError } from '#shared/errors';
import type { PartyId, PeerId } from '#shared/party/identity';
import { inviteIdOf } from '#shared/party/invite';
import { refusalOfHosting } from '../hosting/hosting.rules';
import { decideInvite } from './invites.rules';
import { InvitesStore } from './invites.store';
import { isLive } from '../membership/membership.rules';
import type { InviteRecord, PartyRecord } from '../../model/party';
import { Succession } from '../hosting/succession';

/** The invites of a party, for its host. What they open is decided in membership.rules.ts. */
@Injectable()
export class InvitesService {
  constructor(private readonly succession: Succession) {}

  /**
   * Makes an invite; for a secret that has one already, gives that.
   * @throws LanrageError PARTY_NOT_FOUND, NOT_HOST, TOO_MANY_INVITES
   */
  make(callerId: PeerId, partyId: PartyId, request: MakeInviteRequest): Promise<Invite> {
    const id = inviteIdOf(request.secretHash);
    return this.step(partyId, callerId, async (party, store) => {
      const nowMs = Date.now();
      const all = await store.of(partyId);
      const live = all.filter((invite) => isLive(invite, nowMs));
      const known = live.find((invite) => invite.id === id);
      const decision = decideInvite(party, known ? 0 : live.length, callerId);
      if (decision.verdict === 'refuse') throw new LanrageError(decision.code);
      if (known) return inviteView(known);
      // What is over goes when something new comes, so that the table stays bounded.
      const over = all.filter((invite) => !live.includes(invite));
      await store.remove(
        partyId,
        over.map((invite) => invite.id),
      );
      const { secretHash, expiresInSeconds, maxUses } = request;
      const expiresAtMs = nowMs + expiresInSeconds * 1000;
      const expiresAt = new Date(expiresAtMs);
      await store.add(partyId, { id, secretHash: secretHash.toString('base64'), expiresAt, maxUses });
      return inviteView({ id, createdAtMs: nowMs, expiresAtMs, uses: 0, maxUses });
    });
  }

  /** The invites that are good now. @throws LanrageError PARTY_NOT_FOUND, NOT_HOST */
  list(callerId: PeerId, partyId: PartyId): Promise<InviteList> {
    return this.step(partyId, callerId, async (party, store) => {
      refuseUnlessHost(party, callerId);
      const live = (await store.of(partyId)).filter((invite) => isLive(invite, Date.now()));
      return { invites: live.map(inviteView) };
    });
  }

  /** Takes an invite back; those who came by it stay. @throws LanrageError PARTY_NOT_FOUND, NOT_HOST, NO_SUCH_INVITE */
  async revoke(callerId: PeerId, partyId: PartyId, id: string): Promise<void> {
    const removed = await this.step(partyId, callerId, (party, store) => {
      refuseUnlessHost(party, callerId);
      return store.remove(partyId, [id]);
    });
    if (removed === 0) throw new LanrageError('NO_SUCH_INVITE');
  }

  /** In turn with the party's joins. */
  private step<Result>(
    partyId: PartyId,
    callerId: PeerId,
    work: (party: PartyRecord, store: InvitesStore) => Promise<Result>,
  ): Promise<Result> {
    return this.succession.changeAsHost(partyId, callerId, (party, { sql }) =>
      work(party, new InvitesStore(sql)),
    );
  }
}

function refuseUnlessHost(party: PartyRecord, callerId: PeerId): void {
  const code = refusalOfHosting(party, callerId);
  if (code) throw new LanrageError(code);
}

function inviteView({ createdAtMs, expiresAtMs, ...invite }: InviteRecord): Invite {
  return {
    ...invite,
    createdAt: new Date(createdAtMs).toISOString(),
    expiresAt: new Date(expiresAtMs).toISOString(),
  };
}
