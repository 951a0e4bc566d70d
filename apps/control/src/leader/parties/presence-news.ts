import { Logger } from '@nestjs/common';
import type { PartyId, PeerId } from '#shared/party/identity';
import { presenceIn } from '../../model/snapshot';
import type { AgentSockets } from '../agents/agent-sockets';
import type { PresenceBook } from '../agents/presence';
import { PresenceSchedule } from '../agents/presence-schedule';
import type { PartyLookup } from '../../parties/membership/party-lookup';
import type { Roster } from './roster';

const RETRY_MS = 1000;

interface Turns {
  readonly schedule: PresenceSchedule<PeerId>;
  timer: NodeJS.Timeout | null;
  dueAtMs: number;
}

/**
 * Tells members of each other's presence, when its schedule says so, and of their own once a relay has seen where they are;
 * asks the database only whom the roster does not know.
 */
export class PresenceNews {
  private readonly logger = new Logger('presence');
  /** The turns of each party in which something was told a moment ago, or is to be told. */
  private readonly parties = new Map<PartyId, Turns>();
  private isStopped = false;

  constructor(
    private readonly roster: Roster,
    private readonly members: PartyLookup,
    private readonly presence: PresenceBook,
    private readonly sockets: AgentSockets,
  ) {}

  /** The others hear where the peer is: now, or in a while its newest state. */
  async tell(peerId: PeerId): Promise<void> {
    const partyId = this.roster.partyOf(peerId, performance.now()) ?? (await this.ask(peerId));
    if (partyId && !this.isStopped) this.tellIn(partyId, peerId);
  }

  /** The others in a party that the roster knows hear where this member is: now, or in a while. */
  tellIn(partyId: PartyId, peerId: PeerId): void {
    let turns = this.parties.get(partyId);
    if (!turns) {
      turns = { schedule: new PresenceSchedule(performance.now()), timer: null, dueAtMs: Infinity };
      this.parties.set(partyId, turns);
    }
    turns.schedule.note(peerId);
    this.turn(partyId, turns);
  }

  stop(): void {
    this.isStopped = true;
    for (const { timer } of this.parties.values()) if (timer) clearTimeout(timer);
    this.parties.clear();
  }

  /** @returns null for a peer in no party */
  private async ask(peerId: PeerId): Promise<PartyId | null> {
    const askedAtMs = performance.now();
    if (this.roster.partyOf(peerId, askedAtMs) === null) return null;
    const party = await this.members.of(peerId);
    if (party) this.roster.learn(party, askedAtMs);
    else this.roster.learnHomeless(peerId, askedAtMs);
    return party?.id ?? null;
  }

  private turn(partyId: PartyId, turns: Turns): void {
    const members = this.roster.membersOf(partyId);
    if (!members) return this.moveOn(partyId, turns);
    const nowMs = performance.now();
    const listeners = members.length;
    for (const peerId of turns.schedule.take(listeners, nowMs)) this.deliver(partyId, members, peerId);
    if (turns.schedule.isIdle(nowMs)) this.drop(partyId, turns);
    else this.comeBack(partyId, turns, nowMs + turns.schedule.waitMs(listeners, nowMs));
  }

  private deliver(partyId: PartyId, members: readonly PeerId[], peerId: PeerId): void {
    if (!members.includes(peerId)) return; // left while it waited
    const listeners = members.filter((member) => member !== peerId || this.presence.isObserved(peerId));
    const network = this.roster.networkOf(partyId);
    const view = this.presence.view(peerId);
    const shown = network ? presenceIn(network, view) : view;
    this.sockets.deliverToAll(listeners, 'member.presence', { partyId, peerId, ...shown });
  }

  private comeBack(partyId: PartyId, turns: Turns, dueAtMs: number): void {
    if (turns.timer && turns.dueAtMs <= dueAtMs) return;
    if (turns.timer) clearTimeout(turns.timer);
    turns.dueAtMs = dueAtMs;
    turns.timer = setTimeout(() => {
      turns.timer = null;
      this.turn(partyId, turns);
    }, dueAtMs - performance.now()).unref();
  }

  /** The party is over, or in doubt: those whose turn it was not yet may be in another one. */
  private moveOn(partyId: PartyId, turns: Turns): void {
    this.drop(partyId, turns);
    for (const peerId of turns.schedule.unsaid) this.tellLater(peerId, 0);
  }

  private tellLater(peerId: PeerId, afterMs: number): void {
    setTimeout(() => {
      if (this.isStopped) return;
      this.tell(peerId).catch((error: unknown) => {
        this.logger.warn({ err: error }, 'presence of a member not announced, will retry');
        this.tellLater(peerId, RETRY_MS);
      });
    }, afterMs).unref();
  }

  private drop(partyId: PartyId, { timer }: Turns): void {
    if (timer) clearTimeout(timer);
    this.parties.delete(partyId);
  }
}
