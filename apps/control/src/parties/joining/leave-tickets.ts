import { createHmac, timingSafeEqual } from 'node:crypto';
import { LEAVE_TICKET_BYTES } from '#shared/api/party';
import type { PartyId } from '#shared/party/identity';
import type { MemberRecord } from '../../model/party';

const LABEL = 'lanrage leave 1\0';

/**
 * A ticket ends one stay of a member, by anybody who has it: only the member's agent is given it, and gives it away when it leaves.
 * Another stay has another ticket, as it began at another time. Nothing of it is stored, and all nodes of a server make the same.
 */
export class LeaveTickets {
  constructor(private readonly secret: string) {}

  of(partyId: PartyId, { peerId, joinedAtMs }: Stay): Buffer {
    const stay = `${LABEL}${partyId} ${peerId} ${Math.round(joinedAtMs)}`;
    return createHmac('sha256', this.secret).update(stay).digest().subarray(0, LEAVE_TICKET_BYTES);
  }

  /** @param ticket of LEAVE_TICKET_BYTES */
  isOf(partyId: PartyId, stay: Stay, ticket: Buffer): boolean {
    return timingSafeEqual(this.of(partyId, stay), ticket);
  }
}

type Stay = Pick<MemberRecord, 'peerId' | 'joinedAtMs'>;
