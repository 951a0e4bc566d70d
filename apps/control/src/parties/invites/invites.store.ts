import type { PartyId } from '#shared/party/identity';
import type { Prisma } from '../../database/generated/client';
import type { InviteRecord } from '../../model/party';
import { inviteRecord } from '../membership/party.store';

/** A new invite. `secretHash`: base64 of 32 bytes. */
export interface NewInvite {
  readonly id: string;
  readonly secretHash: string;
  readonly expiresAt: Date;
  readonly maxUses: number | null;
}

/** The statements behind invites, in the manner of party.store.ts. */
export class InvitesStore {
  constructor(private readonly client: Prisma.TransactionClient) {}

  /** The invites of a party, also those that are over. The newest first. */
  async of(partyId: PartyId): Promise<InviteRecord[]> {
    const rows = await this.client.$queryRaw<{ invite: InviteRecord }[]>`
      /* invites_of_party */
      SELECT ${inviteRecord} AS invite FROM invites i WHERE party_id = ${partyId} ORDER BY created_at DESC, id`;
    return rows.map(({ invite }) => invite);
  }

  async add(partyId: PartyId, invite: NewInvite): Promise<void> {
    await this.client.invite.create({ data: { partyId, ...invite } });
  }

  /** @returns how many there were */
  async remove(partyId: PartyId, ids: readonly string[]): Promise<number> {
    const { count } = await this.client.invite.deleteMany({ where: { partyId, id: { in: [...ids] } } });
    return count;
  }
}
