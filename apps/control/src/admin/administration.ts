import { Injectable, Logger } from '@nestjs/common';
import { LanrageError } from '#shared/errors';
import { peerIdOf, type PartyId, type PeerId } from '#shared/party/identity';
import type { PublicKey } from '#shared/wireguard/key';
import type { ListedRelay } from '../leader-client/contract';
import { Leader } from '../leader-client/leader';
import { HostingService } from '../parties/hosting/hosting.service';
import type { MemberRecord, PartyRecord } from '../model/party';
import { PartyStore } from '../parties/membership/party.store';
import { shownName } from '../model/shown';
import { hasRoom } from '../model/relay-facts';
import {
  MOST_SERVER_BANS,
  type AdminPartyDetails,
  type AdminPartyPage,
  type AdminRelay,
  type AdminRelayList,
  type DrainedRelay,
  type ListPartiesQuery,
  type ServerBan,
  type ServerBanPage,
} from './admin.api';
import { AdminStore, type BanRow } from './admin.store';
import { relayView, unknownRelay } from './relay-view';
import { Rulings } from './rulings';

/** As much of a key as an audit line says. */
const KEY_PREFIX = 8;

/** What the operator does. Each action leaves a line in the log, with no name and no whole key. */
@Injectable()
export class Administration {
  private readonly logger = new Logger('admin');

  constructor(
    private readonly store: AdminStore,
    private readonly rulings: Rulings,
    private readonly parties: PartyStore,
    private readonly hosting: HostingService,
    private readonly leader: Leader,
  ) {}

  async listParties(query: ListPartiesQuery): Promise<AdminPartyPage> {
    this.audit('list parties', {});
    const { items, nextCursor } = await this.store.parties(query);
    return {
      parties: items.map(({ atMs, name, hostName, ...party }) => ({
        ...party,
        name: shownName(name, party.id),
        hostName: hostName && shownName(hostName, party.hostId),
        createdAt: timestamp(atMs),
      })),
      nextCursor,
    };
  }

  /** @throws LanrageError PARTY_NOT_FOUND */
  async showParty(partyId: PartyId): Promise<AdminPartyDetails> {
    this.audit('show party', { partyId });
    const party = await this.parties.findById(partyId);
    if (!party) throw noSuchParty();
    const { locked, public: isPublic, persistent, hasPassword, sealed } = party.settings;
    const settings = { locked, public: isPublic, persistent, hasPassword, sealed };
    const { id, name, createdAtMs, maxPeers, hostId, ownerId, members } = party;
    const peerIds = members.map(({ peerId }) => peerId);
    const online = new Set(await this.leader.agents.online({ peerIds }));
    return {
      ...{
        id,
        name: shownName(name, id),
        createdAt: timestamp(createdAtMs),
        playerCount: members.length,
        maxPeers,
      },
      ...{ hostId, hostName: hostNameOf(party), ownerId, settings },
      members: members.map((member) => memberView(member, online.has(member.peerId))),
    };
  }

  /** @throws LanrageError PARTY_NOT_FOUND */
  async closeParty(partyId: PartyId): Promise<void> {
    this.audit('close party', { partyId });
    try {
      await this.hosting.closeByOperator(partyId);
    } catch (error) {
      throw error instanceof LanrageError && error.code === 'PARTY_NOT_FOUND' ? noSuchParty() : error;
    }
  }

  async listBans(cursor: string | undefined): Promise<ServerBanPage> {
    this.audit('list bans', {});
    const { items, nextCursor } = await this.store.bans(cursor);
    return { bans: items.map(banView), nextCursor };
  }

  /** A key that is banned stays so. @throws LanrageError TOO_MANY_BANS */
  async ban(publicKey: PublicKey): Promise<ServerBan> {
    this.audit('ban player', { keyPrefix: publicKey.slice(0, KEY_PREFIX) });
    const ban = await this.store.ban({ peerId: peerIdOf(publicKey), publicKey });
    if (!ban) {
      const message = `The server has ${MOST_SERVER_BANS} banned keys already. Lift old bans first; see: lanrage-admin players list`;
      throw new LanrageError('TOO_MANY_BANS', { message });
    }
    await this.rulings.apply();
    return banView(ban);
  }

  /** @throws LanrageError NO_SUCH_BAN */
  async unban(peerId: PeerId): Promise<void> {
    this.audit('unban player', { peerIdPrefix: peerId.slice(0, KEY_PREFIX) });
    if (!(await this.store.unban(peerId))) throw new LanrageError('NO_SUCH_BAN');
    await this.rulings.apply();
  }

  async listRelays(): Promise<AdminRelayList> {
    this.audit('list relays', {});
    const known = await this.relays();
    const { drainedRelayIds } = await this.store.rulings();
    const unknown = drainedRelayIds.filter((id) => !known.has(id)).map(unknownRelay);
    return {
      relays: [...[...known.values()].map(relayView), ...unknown].sort((a, b) => (a.id < b.id ? -1 : 1)),
    };
  }

  /** Has a relay take no more pairs and give away those that it has, until {@link undrain}. @throws LanrageError NO_SUCH_RELAY */
  async drain(relayId: string): Promise<DrainedRelay> {
    this.audit('drain relay', { relayId });
    if (!(await this.relays()).has(relayId)) throw new LanrageError('NO_SUCH_RELAY');
    await this.store.drain(relayId);
    await this.rulings.apply();
    const known = await this.relays();
    const alternative = [...known.values()].some(hasRoom);
    return { ...relayOf(known, relayId, 'operator'), alternative };
  }

  /** @throws LanrageError NO_SUCH_RELAY */
  async undrain(relayId: string): Promise<AdminRelay> {
    this.audit('undrain relay', { relayId });
    const wasDrained = await this.store.undrain(relayId);
    if (!wasDrained && !(await this.relays()).has(relayId)) throw new LanrageError('NO_SUCH_RELAY');
    await this.rulings.apply();
    return relayOf(await this.relays(), relayId, null);
  }

  private async relays(): Promise<Map<string, ListedRelay>> {
    const listed = await this.leader.relays.listed();
    return new Map(listed.map((relay) => [relay.id, relay]));
  }

  private audit(action: string, subject: object): void {
    this.logger.log({ action, ...subject }, 'administration');
  }
}

/** @param draining by whose word it would, if it is not known any more */
function relayOf(
  known: ReadonlyMap<string, ListedRelay>,
  relayId: string,
  draining: AdminRelay['draining'],
): AdminRelay {
  const relay = known.get(relayId);
  return relay ? relayView(relay) : { ...unknownRelay(relayId), draining };
}

function memberView(
  { peerId, publicKey, name, joinedAtMs }: MemberRecord,
  connected: boolean,
): AdminPartyDetails['members'][number] {
  return { peerId, publicKey, name: shownName(name, peerId), joinedAt: timestamp(joinedAtMs), connected };
}

function hostNameOf({ hostId, members }: PartyRecord): string | null {
  const host = members.find(({ peerId }) => peerId === hostId);
  return host ? shownName(host.name, hostId) : null;
}

function banView({ id, atMs, name, ...ban }: BanRow): ServerBan {
  return { peerId: id, name: name && shownName(name, id), ...ban, bannedAt: timestamp(atMs) };
}

function timestamp(atMs: number): string {
  return new Date(atMs).toISOString();
}

function noSuchParty(): LanrageError {
  return new LanrageError('PARTY_NOT_FOUND', {
    message: 'There is no party of this id. See: lanrage-admin parties list',
  });
}
