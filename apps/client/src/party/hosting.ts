import { z } from 'zod';
import { banListSchema, type BanList, type changePartyRequestSchema } from '#shared/api/hosting';
import { agentEventSchemas } from '#shared/api/signaling';
import type { PartyId, PeerId } from '#shared/party/identity';
import type { ControlPlane } from '../control/control-plane';
import type { MembershipEvent } from './membership';

export type PartyChange = z.input<typeof changePartyRequestSchema>;

/** The party that the agent is in. */
export interface HostedParty {
  /** @throws LanrageError NOT_IN_PARTY */
  id(): PartyId;
  /** Takes up what the server answered, which the members hear as well. */
  apply(event: MembershipEvent): void;
}

/**
 * What hosts and owners do to the party that they are in. Everything is refused with NOT_HOST or NOT_OWNER to other
 * members, and with CONTROL_UNAVAILABLE while the server is away.
 */
export class Hosting {
  constructor(
    private readonly control: ControlPlane,
    private readonly party: HostedParty,
  ) {}

  /** Name, size, settings, host, owner. @throws LanrageError */
  async change(change: PartyChange): Promise<void> {
    const path = `/v1/parties/${this.party.id()}`;
    const answer = agentEventSchemas['party.changed'];
    const data = await this.control.authorized({ method: 'PATCH', path, body: change, answer });
    this.party.apply({ name: 'party.changed', data });
  }

  /** Removes a member, who may come back. @throws LanrageError NO_SUCH_PEER … */
  kick(peerId: PeerId): Promise<void> {
    return this.remove('kick', peerId);
  }

  /** Keeps a key out, in the party or not. @throws LanrageError TOO_MANY_BANS … */
  ban(peerId: PeerId): Promise<void> {
    return this.remove('ban', peerId);
  }

  /** @throws LanrageError NO_SUCH_PEER for a key that is not banned */
  async unban(peerId: PeerId): Promise<void> {
    const path = `/v1/parties/${this.party.id()}/unban`;
    await this.control.authorized({ method: 'POST', path, body: { peerId }, answer: z.unknown() });
  }

  async bans(): Promise<BanList['bans']> {
    const path = `/v1/parties/${this.party.id()}/bans`;
    return (await this.control.authorized({ method: 'GET', path, answer: banListSchema })).bans;
  }

  /** Closes the party, for everybody. */
  close(): Promise<void> {
    return this.closeOther(this.party.id());
  }

  /** Closes a persistent party that this agent owns, and need not be in. @param server where it is */
  async closeOther(partyId: PartyId, server?: string): Promise<void> {
    const path = `/v1/parties/${partyId}`;
    await this.control.authorized({ method: 'DELETE', path, answer: z.unknown() }, server);
  }

  private async remove(how: 'kick' | 'ban', peerId: PeerId): Promise<void> {
    const path = `/v1/parties/${this.party.id()}/${how}`;
    const answer = agentEventSchemas['member.left'];
    const data = await this.control.authorized({ method: 'POST', path, body: { peerId }, answer });
    this.party.apply({ name: 'member.left', data });
  }
}
