import type { PartyId } from '#shared/party/identity';
import type { Sql } from '../../database/sql';
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
  constructor(private readonly sql: Sql) {}

  /** The invites of a party, also those that are over. The newest first. */
  async of(partyId: PartyId): Promise<InviteRecord[]> {
    const rows = await this.sql.rows<{ invite: InviteRecord }[]>`
      /* invites_of_party */
      SELECT ${inviteRecord} AS invite FROM invites i WHERE party_id = ${partyId} ORDER BY created_at DESC, id`;
    return rows.map(({ invite }) => invite);
  }

  async add(partyId: PartyId, { id, secretHash, expiresAt, maxUses }: NewInvite): Promise<void> {
    await this.sql.changes`
      /* add_invite */
      INSERT INTO invites (id, party_id, secret_hash, expires_at, max_uses)
      VALUES (${id}, ${partyId}, ${secretHash}, ${expiresAt}, ${maxUses})`;
  }

  /** @returns how many there were */
  async remove(partyId: PartyId, ids: readonly string[]): Promise<number> {
    return this.sql.changes`
      /* remove_invites */
      DELETE FROM invites WHERE party_id = ${partyId} AND id = ANY(${ids})`;
  }
}
